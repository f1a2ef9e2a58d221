"""What may be set: every name that is read, whole pairs, and nothing that nobody reads."""

from pathlib import Path

import pytest

from ostiary import providers
from ostiary.settings import Settings, SettingsError, read_settings

MANIFESTS = {key: brand.manifest for key, brand in providers.load().items()}


def read(folder: Path, **environment: str) -> Settings:
    return read_settings({"OSTIARY_DATA_DIR": str(folder), **environment}, MANIFESTS)


def refusal(folder: Path, **environment: str) -> str:
    with pytest.raises(SettingsError) as refused:
        read(folder, **environment)
    assert not (folder / "secret.key").exists(), "a key file was made for settings that are wrong"
    return str(refused.value)


def test_unknown_names_and_half_pairs_are_told_all_at_once(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        OSTIARY_PUBIC_URL="https://locks.example.com",
        OSTIARY_OVEN="hot",
        OSTIARY_NUKI_CLIENT_ID="id",
        OSTIARY_SALTO_KS_PASSWORD="topsecret",
    )
    assert "there is no setting OSTIARY_PUBIC_URL (did you mean OSTIARY_PUBLIC_URL?)" in said
    assert "there is no setting OSTIARY_OVEN" in said
    assert "OSTIARY_NUKI_CLIENT_ID and OSTIARY_NUKI_CLIENT_SECRET must be set together" in said
    assert "OSTIARY_SALTO_KS_USERNAME and OSTIARY_SALTO_KS_PASSWORD must be set together" in said
    assert said.count(";") == 1
    assert "topsecret" not in said


@pytest.mark.parametrize("brand", list(MANIFESTS))
def test_half_a_pair_of_any_brand_is_refused(tmp_path: Path, brand: str) -> None:
    prefix = f"OSTIARY_{brand}".upper()
    pairs = [("CLIENT_ID", "CLIENT_SECRET")]
    pairs += [("USERNAME", "PASSWORD")] if MANIFESTS[brand].takes_integrator else []
    for pair in pairs:
        for half in pair:
            assert "must be set together" in refusal(tmp_path, **{f"{prefix}_{half}": "it"})
        whole = {f"{prefix}_{half}": "it" for half in pair}
        assert read(tmp_path / "whole", **whole).vendors[brand]


def test_a_user_for_a_brand_that_takes_none_is_no_setting(tmp_path: Path) -> None:
    without = [key for key, manifest in MANIFESTS.items() if not manifest.takes_integrator]
    assert without
    for key in without:
        name = f"OSTIARY_{key}_USERNAME".upper()
        assert f"there is no setting {name}" in refusal(tmp_path, **{name: "it"})


def test_what_is_not_ours_to_judge_is_left_alone(tmp_path: Path) -> None:
    """Other readers' names, empty values, and what Kubernetes sets for a service that is called like us."""
    read(
        tmp_path,
        OSTIARY_WEBHOOK_SECRET="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        OSTIARY_TEST_SEED="1",
        OSTIARY_PUBIC_URL="",
        OSTIARY_SERVICE_HOST="10.0.0.7",
        OSTIARY_SERVICE_PORT="8420",
        OSTIARY_SERVICE_PORT_HTTP="8420",
        OSTIARY_PORT="tcp://10.0.0.7:8420",
        OSTIARY_PORT_8420_TCP="tcp://10.0.0.7:8420",
        OSTIARY_PORT_8420_TCP_ADDR="10.0.0.7",
        SEAM_ANYTHING="else",
    )
    assert "there is no setting OSTIARY_PORT" in refusal(tmp_path / "other", OSTIARY_PORT="9000")

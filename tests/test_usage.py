"""What the command line says about itself, and about what was typed wrong."""

import subprocess
from pathlib import Path

import pytest

from ostiary import providers
from ostiary.cli import demo
from ostiary.cli.main import app

from . import processes

BRANDS = {key: brand.manifest for key, brand in providers.load().items()}
KEY = "seam_test1_123456789"
"""Of nobody."""


def test_an_unknown_command_is_answered_with_all_there_are(tmp_path: Path) -> None:
    done = processes.command(tmp_path, "bake")
    assert (done.returncode, done.stdout) == (2, "")
    said = done.stderr.replace("\n", " ")
    commands = [name for name in app if not name.startswith("-")]
    assert len(commands) > 8
    assert all(f" {name}" in said for name in commands)


def test_two_choices_of_which_one_is_possible(tmp_path: Path) -> None:
    done = processes.command(tmp_path, "doctor", "--device", "x", "--code", "y")
    assert done.returncode == 2
    assert done.stderr == "ostiary: --device and --code do not go together: give one of them\n"


@pytest.mark.parametrize(
    "command",
    [
        ("workspaces", "create"),
        ("doors", "activate"),
        ("simulate",),
        ("serve",),
        ("personal-access-tokens", "create"),
    ],
)
def test_help_has_a_sentence_for_each_parameter(tmp_path: Path, command: tuple[str, ...]) -> None:
    help_ = processes.command(tmp_path, *command, "--help").stdout
    assert "--no-" not in help_
    parameters = [line for line in help_.splitlines() if line.startswith(("│ --", "│ *  --"))]
    assert parameters
    for line in parameters:
        words = [word for word in line.strip("│* ").split() if not word.startswith(("--", "["))]
        assert len([word for word in words if not word.isupper()]) > 2, line


@pytest.mark.parametrize("brand", list(BRANDS))
def test_a_simulator_prints_the_settings_that_lead_to_it(tmp_path: Path, brand: str) -> None:
    """By whatever spelling its brand was named, and as a person can copy them."""
    process = subprocess.Popen(
        [*processes.OSTIARY, "simulate", brand.replace("_", "-").title(), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=processes.environment(tmp_path),
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.terminate()
    with process.stdout:
        rest = process.stdout.read()
    assert process.wait(processes.END_SECONDS) == 0
    url = first.rsplit(" ", 1)[-1].strip()
    prefix = f"OSTIARY_{brand}_".upper()
    for name in BRANDS[brand].default_urls:
        assert f" {prefix}{name.upper()}={url}\n" in rest
    assert f"{prefix}CLIENT_ID=" in rest
    assert f"{prefix}CLIENT_SECRET=" in rest
    assert f"log in as {BRANDS[brand].known_logins[0]}, password " in rest
    assert "{" not in rest


def test_an_account_s_brand_may_be_written_as_people_do(tmp_path: Path) -> None:
    processes.data(tmp_path, "workspaces", "create", "--name", "home")
    for brand, manifest in BRANDS.items():
        for spelling in (brand.upper(), brand.replace("_", "-").title()):
            done = processes.command(tmp_path, "accounts", "connect", spelling, "--workspace", "nowhere")
            assert done.returncode == 1
            assert ("there is no workspace nowhere" in done.stderr) is manifest.takes_token


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--workspace", "nope"), "--workspace goes with a personal access token only"),
        (("--secret", "bad"), "--secret must be whsec_"),
        (("--secret", "whsec_not base64!"), "--secret must be whsec_"),
        (("--url", "http://127.0.0.1:1"), "(connection refused)"),
        (("--url", "http://nobody.invalid"), "(its name leads nowhere)"),
    ],
)
def test_what_listen_does_not_take(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = processes.command(tmp_path, "listen", *arguments, SEAM_API_KEY=KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ostiary: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert KEY not in done.stderr


def test_the_demo_touches_no_installation_of_who_plays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had made its key in the database that was set, if one was."""
    database = tmp_path / "mine" / "ostiary.db"
    monkeypatch.setenv("OSTIARY_DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("OSTIARY_SECRET_KEYS", "nonsense")
    processes.data(tmp_path / "demo", "migrate")
    assert demo._api_key(tmp_path / "demo").startswith("seam_")
    assert not database.parent.exists()

"""What a thief of the database, of a log or of a crash report must not read."""

import copy
import json
import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ostiary import store
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.secrets import Secret
from ostiary.store.homes import WorkspaceHomes
from ostiary.store.opening import open_database, sqlite_path
from ostiary.store.tx import Tx
from ostiary.store.vault import Vault, VaultError

from .opened import KEY, Clock, add_code, found_all, opened

OTHER = b"2" * 32
PIN = "498882"


# --- the vault -------------------------------------------------------------------------------------------


def test_a_value_opens_only_where_it_was_sealed() -> None:
    vault = Vault([KEY])
    sealed = vault.seal(PIN.encode(), "access_codes.code.one")
    assert vault.open(sealed, "access_codes.code.one") == PIN.encode()
    assert PIN.encode() not in sealed
    for elsewhere in ("access_codes.code.two", "access_codes.confirmed_code.one", ""):
        with pytest.raises(VaultError, match="does not open"):
            vault.open(sealed, elsewhere)


def test_the_same_value_is_never_sealed_the_same() -> None:
    vault = Vault([KEY])
    assert len({vault.seal(b"x", "place") for _ in range(50)}) == 50


@pytest.mark.parametrize("at", [5, 17, -1])
def test_a_damaged_value_does_not_open(at: int) -> None:
    vault = Vault([KEY])
    sealed = bytearray(vault.seal(b"value", "place"))
    sealed[at] ^= 1
    with pytest.raises(VaultError, match="changed or belongs to another row"):
        vault.open(bytes(sealed), "place")


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old, rotated, new = Vault([KEY]), Vault([OTHER, KEY]), Vault([OTHER])
    before, after = old.seal(b"value", "place"), rotated.seal(b"value", "place")
    assert rotated.open(before, "place") == rotated.open(after, "place") == b"value"
    assert new.open(after, "place") == b"value"
    with pytest.raises(VaultError, match=r"OSTIARY_SECRET_KEYS.*add the old key after the new"):
        new.open(before, "place")


@pytest.mark.parametrize("keys", [[], [b"short"], [KEY, b"x" * 33]])
def test_a_key_has_32_bytes(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(keys)


def test_a_pin_hash_is_of_one_device_and_one_installation() -> None:
    one, other = Vault([KEY]), Vault([KEY])
    one.set_pin_key(b"a" * 32)
    other.set_pin_key(b"b" * 32)
    pin = Secret(PIN)
    assert one.pin_hash("device", pin) == one.pin_hash("device", Secret(PIN))
    hashes = {one.pin_hash("device", pin), one.pin_hash("other", pin), other.pin_hash("device", pin)}
    assert len(hashes) == 3


# --- in a database -----------------------------------------------------------------------------------------


async def test_rotation_keeps_rows_readable_and_pins_comparable(database_url: str) -> None:
    async with opened(database_url, [KEY]) as database:
        _, _, device = await database.write(found_all)
        code = await database.write(add_code, device, PIN)
    async with opened(database_url, [OTHER, KEY]) as database:
        found = await database.read(store.access_codes.find, code.access_code_id)
        assert found is not None
        assert found.code == Secret(PIN)
        assert database.vault.pin_hash(device.device_id, Secret(PIN)) == code.code_hash
        await database.write(store.access_codes.update_code, found)
        assert await database.read(_key_id_of, code.access_code_id) == Vault([OTHER])._newest


async def _key_id_of(tx: Tx, access_code_id: str) -> bytes:
    rows = await store.access_codes._GET_ANY(id=access_code_id)
    at = store.access_codes._record._names.index("code")
    return bytes(rows[0][at])[1:5]


async def test_a_missing_key_stops_the_start_with_a_sentence(database_url: str) -> None:
    async with opened(database_url, [KEY]):
        pass
    with pytest.raises(VaultError, match=r"key that is not given here.*; add the old key after the new"):
        await open_database(database_url, [OTHER], Clock())


async def test_a_secret_that_was_moved_to_another_row_does_not_open(database_url: str) -> None:
    async def move(tx: Tx, source: str, target: str) -> None:
        rows = await store.access_codes._GET_ANY(id=source)
        stolen = rows[0][store.access_codes._record._names.index("code")]
        code = await store.access_codes.find(tx, target)
        assert code is not None
        update = store.access_codes._UPDATE
        params = store.access_codes._record.write(update, tx.vault, code).params
        await update(**{**dict(zip(update.names, params, strict=True)), "code": stolen})

    async with opened(database_url) as database:
        _, _, device = await database.write(found_all)
        one = await database.write(add_code, device, PIN)
        two = await database.write(add_code, device, "135246")
        await database.write(move, one.access_code_id, two.access_code_id)
        with pytest.raises(VaultError, match="belongs to another row"):
            await database.read(store.access_codes.find, two.access_code_id)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_secret_stands_in_the_file(database_url: str) -> None:
    async with opened(database_url) as database:
        workspace, account, device = await database.write(found_all)
        code = await database.write(add_code, device, PIN)
        _, token = await database.write(store.workspaces.create_api_key, workspace, "key")
        await database.write(_tell, code)
        homes = WorkspaceHomes(database, workspace.workspace_id, "acme")
        assert await homes.save("john@example.com", b"the state has 498882 in it", 0)
        path = sqlite_path(database_url)
        stored = b"".join(file.read_bytes() for file in Path(path.parent).glob(f"{path.name}*"))
    assert device.device_id.encode() in stored, "the rows are there"
    for secret in (PIN, token.reveal(), token.reveal()[-24:], account.access_token.reveal()):
        assert secret.encode() not in stored
    assert b"refresh-token-of-acme" not in stored


async def _tell(tx: Tx, code: AccessCode) -> None:
    tx.emit(code.event("access_code.set_on_device", tx.now, secret_fields={"code": PIN}))


# --- the type -----------------------------------------------------------------------------------------------


def test_a_secret_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(PIN)
    texts = [repr(secret), str(secret), f"{secret}", f"{secret!r:>10}", f"{secret:>20}", f"{[secret]}"]
    texts += ["%s" % secret, "{0}".format(secret), repr({"code": secret})]  # noqa: UP030, UP031, UP032
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("code %s and %r of %s", secret, secret, {"x": secret})
        try:
            raise ValueError(secret)
        except ValueError:
            logging.getLogger("test").exception("it failed")
    assert not any(PIN in text for text in [*texts, caplog.text])


@pytest.mark.parametrize(
    "show",
    [
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        pickle.dumps,
        copy.deepcopy,
        lambda secret: json.dumps({"code": secret}),
        lambda secret: msgspec.json.encode({"code": secret}),
        vars,
    ],
)
def test_encoders_refuse_a_secret(show: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as error:
        show(Secret(PIN))
    assert PIN not in str(error.value)


def test_secrets_are_equal_by_their_text_alone() -> None:
    assert Secret(PIN) == Secret(PIN)
    assert Secret(PIN) != Secret("135246")
    assert Secret(PIN) != PIN
    assert len({Secret(PIN), Secret(PIN)}) == 1
    assert Secret("ü•") == Secret("ü•")

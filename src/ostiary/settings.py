"""
Everything that can be set, read once from the environment into one frozen object.

A wrong setting stops the start with one sentence that names it.
"""

import base64
import binascii
import difflib
import ipaddress
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from .domain.addresses import Network
from .domain.budgets import Budget
from .domain.provider import Integrator, Manifest, VendorSite
from .domain.secrets import Secret

KEY_FILE: Final = "secret.key"
REFERENCE: Final = "docs/reference/settings.md"
PREFIX: Final = "OSTIARY_"
_READ_ELSEWHERE: Final = re.compile(f"{PREFIX}(WEBHOOK_SECRET|TEST_.+)")
"""By `ostiary listen`, and by tests and benchmarks."""

_OF_A_SERVICE: Final = re.compile(r".+_SERVICE_HOST|.+_SERVICE_PORT(_.+)?|.+_PORT_\d+_(TCP|UDP|SCTP)(_.+)?")
_ADDRESS_OF_A_SERVICE: Final = re.compile(r"(tcp|udp|sctp)://")
"""Kubernetes tells every container in such variables of a service that is called like us."""


class SettingsError(Exception):
    """One sentence that names the setting and says what it takes."""


class Settings(msgspec.Struct, frozen=True):
    """
    Attributes:
        data_dir: `OSTIARY_DATA_DIR`; where the database and the key file live.
        database_url: `OSTIARY_DATABASE_URL`; `sqlite:///path` or `postgresql://…`.
        public_url: `OSTIARY_PUBLIC_URL`; under which callers and browsers reach us, without trailing slash.
            None: from host and port.
        secret_keys: `OSTIARY_SECRET_KEYS`, base64, newest first, commas between; else the key file.
        are_limits_enforced: `OSTIARY_RATE_LIMITS`, `on` (default) or `off`.
        sandbox_pace: `OSTIARY_SANDBOX_PACE`; factor on the simulated vendors' delays in sandboxes.
        log_level: `OSTIARY_LOG_LEVEL`.
        webhook_networks: `OSTIARY_WEBHOOK_NETWORKS`; where webhooks of production workspaces may be beside
            the open internet, such as `10.1.0.0/16`, commas between.
        events_kept: `OSTIARY_EVENTS_KEPT_DAYS`, for how long events are kept; None: for ever.
        deliveries_kept: `OSTIARY_DELIVERIES_KEPT_DAYS`, the same for deliveries after they are settled.
        vendors: provider key to its settings by lower-case name, from `OSTIARY_<PROVIDER>_<NAME>`.
    """

    data_dir: Path
    database_url: str
    public_url: str | None
    secret_keys: tuple[bytes, ...]
    are_limits_enforced: bool
    sandbox_pace: float
    log_level: str
    webhook_networks: tuple[Network, ...]
    events_kept: timedelta | None
    deliveries_kept: timedelta | None
    vendors: Mapping[str, Mapping[str, str]]

    def budget(self, manifest: Manifest) -> Budget | None:
        """How many requests production accounts of a brand may cost; None: any number."""
        given = self.vendors.get(manifest.key, {}).get("requests_per_minute")
        if given is None or manifest.budget is None:
            return manifest.budget
        return manifest.budget.at_rate(float(given)) if float(given) > 0 else None

    def site(self, manifest: Manifest) -> VendorSite:
        """
        Where a brand's cloud is for production workspaces.

        Raises:
            SettingsError: The brand needs an OAuth client and none is set.
        """
        given = self.vendors.get(manifest.key, {})
        prefix = f"OSTIARY_{manifest.key.upper()}"
        is_tokens_only = manifest.takes_token and not (given.get("client_id") or given.get("client_secret"))
        if manifest.needs_client and not self.has_client(manifest) and not is_tokens_only:
            raise SettingsError(
                f"{prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET must be set "
                f"to connect {manifest.display_name} accounts in a production workspace"
            )
        urls = {name: given.get(name, url).rstrip("/") for name, url in manifest.default_urls.items()}
        return VendorSite(
            urls,
            given.get("client_id", ""),
            Secret(given.get("client_secret", "")),
            _integrator(given),
            float(given.get("pace", 1.0)),
            given.get("webhooks") == "on",
        )

    def has_client(self, manifest: Manifest) -> bool:
        """Owners can log in at the vendor's own pages from production workspaces."""
        given = self.vendors.get(manifest.key, {})
        return not manifest.needs_client or bool(given.get("client_id") and given.get("client_secret"))


def _integrator(given: Mapping[str, str]) -> Integrator | None:
    username, password = given.get("username"), given.get("password")
    return Integrator(username, Secret(password)) if username and password else None


def read_settings(
    environment: Mapping[str, str], manifests: Mapping[str, Manifest], *, may_make_key: bool = True
) -> Settings:
    """
    Args:
        may_make_key: Whether a key file is made where there is none; else there may be no keys.

    Raises:
        SettingsError: Something is set that cannot be right, or that nobody reads.
    """
    environment = asked = _Asked(environment)
    data_dir = _data_dir(environment)
    settings = Settings(
        data_dir=data_dir,
        database_url=_database_url(environment, data_dir),
        public_url=_web_address("OSTIARY_PUBLIC_URL", environment),
        secret_keys=_given_keys(environment),
        are_limits_enforced=_choice("OSTIARY_RATE_LIMITS", environment, ("on", "off")) == "on",
        sandbox_pace=_number("OSTIARY_SANDBOX_PACE", environment, 0.1),
        log_level=_choice("OSTIARY_LOG_LEVEL", environment, ("info", "debug", "warning", "error")),
        webhook_networks=_networks("OSTIARY_WEBHOOK_NETWORKS", environment),
        events_kept=_days("OSTIARY_EVENTS_KEPT_DAYS", environment, 90),
        deliveries_kept=_days("OSTIARY_DELIVERIES_KEPT_DAYS", environment, 30),
        vendors={key: _vendor(manifest, environment) for key, manifest in manifests.items()},
    )
    wrong = [*_half_pairs(settings.vendors), *asked.unknown()]
    if wrong:
        raise SettingsError(f"{', '.join(wrong)}; {REFERENCE} lists all settings")
    if settings.secret_keys:
        return settings
    return with_new_key(settings) if may_make_key else with_key_file(settings)


class _Asked(Mapping[str, str]):
    """An environment that remembers what it was asked for: what nobody asks for is no setting."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self._asked.add(name)
        return self._environment[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)

    def unknown(self) -> Iterator[str]:
        """What is wrong with each."""
        for name, value in sorted(self._environment.items()):
            if not name.startswith(PREFIX) or not value or name in self._asked:
                continue
            if _READ_ELSEWHERE.fullmatch(name) or _is_of_a_service(name, value):
                continue
            close = difflib.get_close_matches(name, sorted(self._asked), 1, cutoff=0.8)
            hint = f" (did you mean {close[0]}?)" if close else ""
            yield f"there is no setting {name}{hint}"


def _is_of_a_service(name: str, value: str) -> bool:
    is_address = name.endswith("_PORT") and _ADDRESS_OF_A_SERVICE.match(value) is not None
    return is_address or _OF_A_SERVICE.fullmatch(name) is not None


def _half_pairs(vendors: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What is wrong with each brand of which one half is set."""
    for key, given in vendors.items():
        for one, other in (("client_id", "client_secret"), ("username", "password")):
            if (one in given) != (other in given):
                prefix = f"{PREFIX}{key}".upper()
                yield f"{prefix}_{one.upper()} and {prefix}_{other.upper()} must be set together"


def _data_dir(environment: Mapping[str, str]) -> Path:
    folder = Path(environment.get("OSTIARY_DATA_DIR") or _usual_folder()).expanduser().absolute()
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise SettingsError(f"OSTIARY_DATA_DIR must be a folder, and {folder} is none")
    return folder


def make_data_dir(folder: Path) -> None:
    """Raises: SettingsError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"the data folder {folder} cannot be made: {error.strerror}; set OSTIARY_DATA_DIR to another one"
        ) from error


def _usual_folder() -> str:
    import platformdirs

    return platformdirs.user_data_dir("ostiary")


def _database_url(environment: Mapping[str, str], data_dir: Path) -> str:
    url = environment.get("OSTIARY_DATABASE_URL") or f"sqlite:///{data_dir / 'ostiary.db'}"
    if not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise SettingsError(
            "OSTIARY_DATABASE_URL must begin with sqlite:/// or postgresql://, such as "
            "sqlite:////var/lib/ostiary/ostiary.db"
        )
    return url


def _web_address(name: str, environment: Mapping[str, str]) -> str | None:
    url = environment.get(name)
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{name} must be a web address, such as https://locks.example.com")
    return url.rstrip("/")


def _choice(name: str, environment: Mapping[str, str], choices: tuple[str, ...]) -> str:
    value = environment.get(name, choices[0]).lower()
    if value not in choices:
        raise SettingsError(f"{name} must be one of: {', '.join(choices)}")
    return value


def _networks(name: str, environment: Mapping[str, str]) -> tuple[Network, ...]:
    given = [part.strip() for part in environment.get(name, "").split(",")]
    try:
        return tuple(ipaddress.ip_network(part) for part in given if part)
    except ValueError as error:
        raise SettingsError(
            f"{name} must hold networks such as 10.1.0.0/16 with commas between: {error}"
        ) from None


def _number(name: str, environment: Mapping[str, str], default: float, most: int = 100) -> float:
    try:
        value = float(environment.get(name) or default)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise SettingsError(f"{name} must be a number from 0 to {most}")
    return value


def _days(name: str, environment: Mapping[str, str], default: int, most: int = 36500) -> timedelta | None:
    """None: for ever."""
    text = (environment.get(name) or str(default)).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= most):
        raise SettingsError(f"{name} must be a whole number of days from 0 to {most}; 0 means for ever")
    return timedelta(days=int(text)) if int(text) else None


def _vendor(manifest: Manifest, environment: Mapping[str, str]) -> dict[str, str]:
    prefix = f"OSTIARY_{manifest.key.upper()}_"
    found: dict[str, str] = {}
    integrator = ("username", "password") if manifest.takes_integrator else ()
    numbers = ("pace", "requests_per_minute")
    for name in (*manifest.default_urls, "client_id", "client_secret", *numbers, *integrator):
        key = prefix + name.upper()
        value = _web_address(key, environment) if name.endswith("_url") else environment.get(key)
        if value:
            found[name] = value
    _number(f"{prefix}PACE", environment, 1.0)
    _number(f"{prefix}REQUESTS_PER_MINUTE", environment, 0.0, most=100_000)
    if manifest.poll_every_with_notices is not None:
        found["webhooks"] = _choice(f"{prefix}WEBHOOKS", environment, ("off", "on"))
    return found


def _given_keys(environment: Mapping[str, str]) -> tuple[bytes, ...]:
    text = environment.get("OSTIARY_SECRET_KEYS")
    return tuple(_key("OSTIARY_SECRET_KEYS", part) for part in text.split(",")) if text else ()


def with_key_file(settings: Settings) -> Settings:
    """
    With the keys of the key file; where there is none, without any.

    Raises:
        SettingsError: It cannot be read, or holds no keys.
    """
    path = settings.data_dir / KEY_FILE
    with _told(path, "read"):
        try:
            lines = path.read_text().split()
        except (FileNotFoundError, NotADirectoryError):
            return settings
        except UnicodeDecodeError:
            lines = ["?"]
    if not lines:
        raise SettingsError(f"the key file {path} is empty; restore it from a backup")
    keys = tuple(_key(f"the key file {path}", line) for line in lines)
    return msgspec.structs.replace(settings, secret_keys=keys)


def with_new_key(settings: Settings) -> Settings:
    """
    With the keys of the key file, which is made where there is none.

    Raises:
        SettingsError: It cannot be made or read.
    """
    found = with_key_file(settings)
    if found.secret_keys:
        return found
    path = settings.data_dir / KEY_FILE
    make_data_dir(settings.data_dir)
    with _told(path, "written"):
        _make_key_file(path)
    return with_key_file(settings)


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"the key file {path} cannot be {what}: {error.strerror}; see to whom it and its folder belong"
        ) from error


def _key(where: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise SettingsError(
            f"{where} must hold keys of 32 bytes in base64, such as from: openssl rand -base64 32"
        )
    return key


def _make_key_file(path: Path) -> None:
    """Whole or not at all, and for its owner only: losing this file means losing every PIN and login."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # another process that was faster keeps its key
    except FileExistsError:
        pass
    finally:
        draft.unlink()

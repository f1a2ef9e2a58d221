"""
What somebody else has made of a code of ours: changed, disabled or removed at the vendor. Pure.

Where that is not allowed the code gets an error and is brought back (`domain.fights`: how soon). Where it is
allowed the code gets a warning and stays as it was left, until the states agree again or the API user wishes
something anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from . import fights, problems, weekly_windows
from .access_codes import IN_EFFECT, INACTIVE, AccessCode, Drift, frame
from .attribution import Seen
from .failure import Change
from .fights import CONFLICT, is_undone
from .problems import Problems
from .provider import DesiredCode, ObservedCode

MODIFIED_EVENT: Final = "access_code.modified_external_to_seam"
REMOVED_EVENT: Final = "access_code.deleted_external_to_seam"

_CHANGED: Final = "The code was changed on the device by somebody else. It is being restored."
_DISABLED: Final = (
    "The code was disabled on the device by somebody else and does not open it. It is being enabled again."
)
_REMOVED: Final = "The code was removed from the device by somebody else. It is being set again."
_LEFT: Final[dict[Drift, str]] = {
    "modified": "Somebody else has changed the code on the device, which is allowed. It stays as it is now.",
    "inactive": (
        "The code was disabled on the device by somebody else, which is allowed. It does not open the device."
    ),
    "removed": (
        "The code was removed from the device by somebody else, which is allowed. It is not set again before "
        "it is updated."
    ),
}


def modified(code: AccessCode, item: Seen, wanted: DesiredCode, now: datetime) -> Change:
    """It was as wished, or left as somebody had changed it, and it is neither any more."""
    found = _as_found(code, item, wanted)
    if code.is_external_modification_allowed:
        return _left(code, found, item.entry, wanted, now)
    if is_undone(code):
        return Change(replace(found, errors=_conflicts(found, item, wanted, now)))
    disturbed = fights.disturbed(found, now)
    errors = _conflicts(disturbed, item, wanted, now)
    return Change(replace(disturbed, errors=errors), (code.event(MODIFIED_EVENT, now),))


def removed(code: AccessCode, forgotten: AccessCode, now: datetime) -> Change:
    """
    Somebody took it off the lock.

    Args:
        forgotten: The code without what was confirmed of it.
    """
    told = (code.event(REMOVED_EVENT, now),)
    if code.is_external_modification_allowed:
        errors = problems.cleared(forgotten.errors, "error_code", CONFLICT, INACTIVE)
        warnings = _in_effect(forgotten.warnings, "removed", (), now)
        left = replace(forgotten, drift="removed", errors=errors, warnings=warnings, retry_at=None)
        return Change(left, told)
    errors = problems.raised(
        problems.cleared(forgotten.errors, "error_code", CONFLICT, INACTIVE),
        "error_code",
        CONFLICT,
        _REMOVED,
        now,
        is_access_code_error=True,
        change_type="removed",
    )
    return Change(replace(fights.disturbed(forgotten, now), errors=errors), told)


def _left(
    code: AccessCode, found: AccessCode, entry: ObservedCode, wanted: DesiredCode, now: datetime
) -> Change:
    """As it is now, it stays. Told once for each change that a look shows."""
    drift: Drift = "modified" if entry.is_enabled else "inactive"
    after = replace(
        found,
        drift=drift,
        confirmed_at=found.confirmed_at or now,
        confirmed_generation=found.generation,
        retry_at=None,
        errors=problems.cleared(found.errors, "error_code", CONFLICT, INACTIVE),
        warnings=_in_effect(found.warnings, drift, _fields(found, entry, wanted), now),
    )
    was_told = is_undone(code)  # while it was not allowed yet
    is_known = replace(after, warnings=code.warnings) == code
    return Change(after, () if was_told or is_known else (code.event(MODIFIED_EVENT, now),))


def _in_effect(warnings: Problems, drift: Drift, fields: Sequence[dict[str, Any]], now: datetime) -> Problems:
    extra: dict[str, Any] = {"change_type": "removed"}
    if drift != "removed":
        extra = {"change_type": "modified", "modified_fields": list(fields)}
    others = problems.cleared(warnings, "warning_code", "delay_in_setting_on_device")
    return problems.raised(others, "warning_code", IN_EFFECT, _LEFT[drift], now, **extra)


def _conflicts(code: AccessCode, item: Seen, wanted: DesiredCode, now: datetime) -> Problems:
    """A code that is disabled and otherwise as wished is not in conflict, only useless."""
    errors, entry = problems.cleared(code.errors, "error_code", INACTIVE), item.entry
    fields = _fields(code, entry, wanted)
    flag = {"is_access_code_error": True}
    if entry.is_enabled or fields or not entry.is_exact:
        more: dict[str, Any] = {**flag, "change_type": "modified", "modified_fields": fields}
        errors = problems.raised(errors, "error_code", CONFLICT, _CHANGED, now, **more)
    if not entry.is_enabled:
        since = [error for error in code.errors if error["error_code"] == INACTIVE]
        errors = problems.raised((*errors, *since), "error_code", INACTIVE, _DISABLED, now, **flag)
    return errors


def _as_found(code: AccessCode, item: Seen, wanted: DesiredCode) -> AccessCode:
    """
    With what the vendor has now, in the words of a wish. Limits that a wish cannot say are left out, and a
    PIN that no look shows is the one that was there.
    """
    entry = item.entry
    has_name = entry.name == wanted.vendor_name
    has_times = not entry.is_exact or (entry.starts_at, entry.ends_at) == (wanted.starts_at, wanted.ends_at)
    return replace(
        code,
        confirmed_name=code.name if has_name else _without_mark(entry.name, code.mark),
        confirmed_code=entry.code or code.confirmed_code,
        confirmed_code_hash=item.code_hash or code.confirmed_code_hash,
        confirmed_starts_at=code.starts_at if has_times else entry.starts_at,
        confirmed_ends_at=code.ends_at if has_times else entry.ends_at,
        confirmed_weekly_window=entry.weekly if entry.is_exact else code.weekly_window,
    )


def _without_mark(name: str, mark: str) -> str | None:
    return name.removesuffix(f"#{mark}").rstrip() or None


def _fields(code: AccessCode, entry: ObservedCode, wanted: DesiredCode) -> list[dict[str, Any]]:
    """
    What differs, in the wire's names of fields. PINs are filled in when somebody asks, as problems are stored
    in the clear.

    Args:
        code: With what was found.
    """
    wished, found = _limits(wanted), _limits(entry)
    pairs = [("name", code.name, code.confirmed_name)] if entry.name != wanted.vendor_name else []
    pairs += [(key, wished[key], found[key]) for key in wished if wished[key] != found[key]]
    fields = [{"field": name, "from": before, "to": after} for name, before, after in pairs]
    if entry.code is not None and entry.code != wanted.code:
        fields.append({"field": "code", "from": None, "to": None})
    return fields


def _limits(one: DesiredCode | ObservedCode) -> dict[str, str | None]:
    return {**frame(one.starts_at, one.ends_at), weekly_windows.FIELD: weekly_windows.words(one.weekly)}

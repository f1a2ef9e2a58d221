"""
The catalogue of intercoms for the Opener (7.6): small, invented, and open to anybody.

No scope is declared for it, so it answers without a token too.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ostiary.simulation.answers import Answer, Refusal, json_answer
from ostiary.simulation.calls import Incoming, Route, match

from . import views
from .bodies import query_boolean, query_integer
from .call import Call
from .refusals import bad_parameter, unknown
from .state import Home

_BRANDS = {1: "Alpha Intercoms", 2: "Beta Door Systems", 3: "Gamma Audio"}

# Verified: 1 works, 2 maybe, 3 not. Type: the operating mode of 2.4.
_MODELS: tuple[tuple[int, int, int, str, int], ...] = (
    (1, 1, 1, "A-100 analogue", 1),
    (2, 1, 2, "A-200 bus", 1),
    (3, 2, 1, "B-10", 1),
    (4, 2, 2, "B-20 bus", 2),
    (5, 3, 2, "G-7 video", 3),
)
_MADE_AT = datetime(2025, 1, 15, tzinfo=UTC)
_RECENT = 2  # how many of the last count as recently changed; the vendor's period is not known

Reader = Callable[[Mapping[str, str], Mapping[str, str]], Answer]


def _brand(number: int) -> dict[str, Any]:
    return {"brandId": number, "brand": _BRANDS[number]}


def _model(number: int, brand: int, kind: int, name: str, verified: int) -> dict[str, Any]:
    analogue, at = kind == 1, views.instant(_MADE_AT + timedelta(days=30 * number))
    return {
        "intercomId": number,
        "brandId": brand,
        "type": kind,
        "model": name,
        "verified": verified,
        "conGndBus": "GND" if analogue else "b",
        "conBusAudio": "AUDIO" if analogue else "a",
        "conAudioout": "SPK" if analogue else "",
        "conDoorbellPlus": "BELL+" if analogue else "",
        "conDoorbellMinus": "BELL-" if analogue else "",
        "conOpendoor": "DOOR" if analogue else "",
        "conGndAnalogue": "GND" if analogue else "",
        "busModeSwitch": 0 if analogue else 1,
        "busModeSwitchShortCircuitDuration": 0 if analogue else 100,
        "creationDate": views.instant(_MADE_AT),
        "updateDate": at,
    }


def brands(ids: Mapping[str, str], query: Mapping[str, str]) -> Answer:
    return json_answer([_brand(number) for number in _BRANDS])


def brand(ids: Mapping[str, str], query: Mapping[str, str]) -> Answer:
    number = _id(ids["brandId"])
    if number not in _BRANDS:
        raise unknown()
    return json_answer(_brand(number))


def intercoms(ids: Mapping[str, str], query: Mapping[str, str]) -> Answer:
    """A brand is needed unless the recently changed are asked for; unverified ones only on demand."""
    wanted, recent = query_integer(query, "brandId"), query_boolean(query, "recentlyChanged", False)
    if wanted is None and not recent:
        raise bad_parameter("brandId", None)
    models = _MODELS[-_RECENT:] if recent else _MODELS
    if not query_boolean(query, "ignoreVerified", False):
        models = tuple(model for model in models if model[4] == 1)
    return json_answer([_model(*model) for model in models if wanted is None or model[1] == wanted])


def intercom(ids: Mapping[str, str], query: Mapping[str, str]) -> Answer:
    number = _id(ids["intercomId"])
    model = next((model for model in _MODELS if model[0] == number), None)
    if model is None:
        raise unknown()
    return json_answer(_model(*model))


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


_READERS: dict[str, Reader] = {
    "/opener/brand": brands,
    "/opener/brand/{brandId}": brand,
    "/opener/intercom": intercoms,
    "/opener/intercom/{intercomId}": intercom,
}


def _handler(reader: Reader) -> Callable[[Call], Answer]:
    return lambda call: reader(call.ids, call.query)


ROUTES: tuple[Route[Home], ...] = tuple(
    Route("GET", template, (), _handler(reader)) for template, reader in _READERS.items()
)


def without_token(incoming: Incoming) -> Answer | None:
    """The catalogue for somebody who shows no token; None for everything else."""
    if incoming.bearer():
        return None
    found = match(ROUTES, incoming.method, incoming.path)
    if found is None:
        return None
    try:
        return _READERS[found.route.template](found.ids, incoming.query)
    except Refusal as refused:
        return refused.answer

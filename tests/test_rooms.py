"""Rules of the house that the import contracts cannot see."""

import re
from pathlib import Path

import ostiary
from ostiary import providers

HOUSE = Path(ostiary.__file__).parent
WORDS_OF_THE_WIRE = "domain/event_types.py"
"""The wire's own list of names, some of which hold a brand's. Nothing is decided by them."""


def test_no_brand_is_named_outside_its_folder() -> None:
    names = {word for key in providers.load() for word in {key, key.replace("_", "-"), key.split("_")[0]}}
    pattern = re.compile("|".join(map(re.escape, sorted(names))), re.IGNORECASE)
    named = [
        f"{path.relative_to(HOUSE)}:{number}"
        for path in HOUSE.rglob("*.py")
        if "providers" not in path.relative_to(HOUSE).parts
        and path.relative_to(HOUSE).as_posix() != WORDS_OF_THE_WIRE
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert named == []

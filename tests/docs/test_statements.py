"""
What pages say is there, or is not, is so.

A sentence that denies something outlives the day on which it is built, and no sample shows it. So each needs
a way to find out here, and one that nobody can check is a failure.
"""

import re
import shlex
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from cyclopts.exceptions import CycloptsError, MissingArgumentError

import ostiary.api  # noqa: F401 - fills the operation table
from ostiary.cli.main import app
from ostiary.wire.auth import Means
from ostiary.wire.operation import OPERATIONS

from ..house import open_house
from .pages import REFERENCE, ROOT, blocks, section, without_code
from .test_guide import GUIDES, README
from .test_reference import BRANDS, code, commands, same

READ_BY_USERS = [README, *GUIDES, *sorted(REFERENCE.glob("*.md")), ROOT / "examples" / "README.md"]
"""Decisions and the list of changes speak of their day."""


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


# --- what is said not to be there --------------------------------------------------------------------------

DENIAL = re.compile(
    r"\b(?:not|never|nothing|nobody|no)\b.*\b(?:served|read|offered|done|supported|implemented|built|exist"
    r"|deletes|depends|command|verified|run)\b.*\byet\b"
    r"|\bnot (?:offered|served|supported|implemented)\b"
    r"|\baccepted,? and (?:changes nothing|without effect)",
    re.IGNORECASE,
)
"""What we have not built; what a lock or a vendor does not do yet is worded with other verbs."""

SALTO = "providers/salto_ks/*.py"
TABLE_OF_OPERATIONS = (
    "[not served](#not-served)",
    "[what is not served](operations.md#not-served)",
    "## not served",
)


def _nobody_has_verified() -> bool:
    """Each line of the brands' notes says by which word it is known."""
    notes = [path.read_text() for path in (ROOT / "src/ostiary/providers").glob("*/NOTES.md")]
    return len(notes) == len(BRANDS) and not any("| verified" in text for text in notes)


def _is_missing() -> bool:
    """What the front page lists under that heading."""
    simulated = [path for path in OPERATIONS if "/simulate/" in path]
    return (
        len(BRANDS) == 2 and len(simulated) == 1 and not any("access_grants" in path for path in OPERATIONS)
    )


STILL_TRUE: dict[str, Callable[[], bool]] = {
    "does not exist yet": _is_missing,
    "salto's log is not read yet": lambda: '"has_native_entry_events": False' in code(SALTO),
    "is not read from salto's log yet": lambda: '"has_native_entry_events": False' in code(SALTO),
    "with salto ks it is [not done yet]": lambda: "keeps_weekly_windows=True" not in code(SALTO),
    "no command yet that rewrites": lambda: (
        not any(re.search("secret|rotate|crypt|rewrite", each) for each in commands(app, "ostiary"))
    ),
    "nothing deletes it yet": lambda: "DELETE FROM evidence" not in code("store/*.sql"),
    "nothing of nuki depends on it yet": lambda: "pace" not in code("providers/nuki/adapter.py"),
    "nothing has been run against a real lock": _nobody_has_verified,
    "nothing there has been verified": _nobody_has_verified,
    "accepted, and without effect": lambda: code("*/*.py").count("max_time_rounding") == 2,
}
"""By words of a sentence: whether it is still so."""


def sentences(page: Path) -> list[str]:
    """Of the text, the lists and the cells of tables, each on one line."""
    text = re.sub(r"(?m)^\s*(?:[-*]|\d+\.) ", "\n\n", without_code(page))
    parts = [part for block in re.split(r"\n\s*\n|\|", text) for part in re.split(r"(?<=[.:;])\s", block)]
    return [" ".join(part.split()) for part in parts if part.strip()]


def denials(page: Path) -> list[str]:
    found = [sentence.lower() for sentence in sentences(page) if DENIAL.search(sentence)]
    return [sentence for sentence in found if sentence.rstrip(".") not in TABLE_OF_OPERATIONS]


@pytest.mark.parametrize("page", READ_BY_USERS, ids=page_id)
def test_what_is_said_not_to_be_there_is_not(page: Path) -> None:
    for sentence in denials(page):
        checks = [check for words, check in STILL_TRUE.items() if words in sentence]
        assert checks, f"{page.name}: is it true, and how would a test know? {sentence!r}"
        assert all(check() for check in checks), f"{page.name}: {sentence!r} is not so any more"


def test_every_check_has_its_sentence() -> None:
    said = [sentence for page in READ_BY_USERS for sentence in denials(page)]
    assert [words for words in STILL_TRUE if not any(words in sentence for sentence in said)] == []


def test_denials_are_found() -> None:
    """Those that stood here when they were not true any more."""
    for sentence in (
        "Webhooks are not served yet, so a program asks from time to time",
        "what people do at the door with key, app or keypad is not read from Nuki's log yet",
        "Not offered by this API",
        "**`sync`** is accepted and changes nothing",
    ):
        assert DENIAL.search(sentence), sentence
    assert not DENIAL.search("`pending_mutations` names what the lock does not show yet")


# --- who may ask -----------------------------------------------------------------------------------------

COLUMNS: tuple[set[Means], ...] = (
    {"api_key", "pat_with_workspace"},
    {"pat_without_workspace"},
    {"client_session"},
    {"publishable_key"},
)


def _named(cell: str) -> list[str]:
    """The paths of a row: `…/list` continues the one before it, and a path may end in `…`."""
    words = re.findall(r"`([^`]+)`", cell)
    return [word if word.startswith("/") else "/" + words[0].split("/")[1] + word[1:] for word in words]


def test_who_may_ask() -> None:
    """Each row of the table against what the operations take; what no row names is the backend's alone."""
    text = (REFERENCE / "operations.md").read_text()
    table = text[text.index("| Operations | K P | p | S | B |") :].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    documented: dict[str, list[str]] = {}
    for first, *marks in rows[:-1]:
        for name in _named(first):
            meant = [
                path
                for path in OPERATIONS
                if path == name or (name.endswith("…") and path.startswith(name[:-1]))
            ]
            assert meant, f"there is no {name}"
            documented |= dict.fromkeys(meant, marks)
    assert rows[-1][0].startswith("Everything else")
    for path, operation in OPERATIONS.items():
        for mark, means in zip(documented.get(path, rows[-1][1:]), COLUMNS, strict=True):
            real = means & operation.auth
            assert real == (means if mark else set()), f"{path}: {sorted(real)}, and the page says {mark!r}"


# --- commands --------------------------------------------------------------------------------------------


def test_the_front_page_names_every_command() -> None:
    [house] = [block.text for block in blocks(README) if " cli " in block.text]
    [named] = re.findall(r"^ cli +((?:.+\n)(?: {10,}[a-z].+\n)*)", house, re.M)
    same(re.findall(r"[a-z-]+", named), {each.split()[1] for each in commands(app, "ostiary")})


def shell(page: Path) -> str:
    """What it has typed in a terminal, also within lists."""
    samples = re.findall(r"^( *)```sh\n(.*?)^\1```", page.read_text(), re.M | re.S)
    return "".join(textwrap.dedent(text) for _, text in samples).replace("\\\n", " ")


@pytest.mark.parametrize("page", READ_BY_USERS, ids=page_id)
def test_commands_are_such_as_there_are(page: Path) -> None:
    """In samples they are whole; in the text something may be left out."""
    lines = re.findall(r"(?:^|\$\(|/)ostiary ([^|<>#&)\n]+)", shell(page), re.M)
    mentioned = re.findall(r"`ostiary ([^`\n]+)`", without_code(page))
    for line, is_whole in [*((line, True) for line in lines), *((line, False) for line in mentioned)]:
        mistake = _mistake(line)
        is_right = mistake is None or (isinstance(mistake, MissingArgumentError) and not is_whole)
        assert is_right, f"{page.name}: {line}: {mistake}"


def _mistake(line: str) -> CycloptsError | None:
    try:
        app.parse_args(shlex.split(line), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return error
    return None


@pytest.mark.parametrize("page", READ_BY_USERS, ids=page_id)
def test_variables_of_samples_are_set(page: Path) -> None:
    text = shell(page)
    used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", text))
    known = set(re.findall(r"(?:^|\s)([A-Z][A-Z_]+)=", text, re.M))
    if page not in GUIDES:  # there a reader has begun with one
        known |= {"SEAM_API_KEY", "SEAM_ENDPOINT"}
    assert used <= known, f"{page.name} never sets {sorted(used - known)}"


# --- metrics ---------------------------------------------------------------------------------------------


async def test_metrics(tmp_path: Path) -> None:
    """Their names as a server shows them that has just begun, and their labels as the source has them."""
    async with open_house(tmp_path, is_working=False) as house:
        scraped = (await house.request("GET", "/metrics")).text
    rows = re.findall(r"^\| `(ostiary_\w+)` \|(.*?)\|", section(REFERENCE / "settings.md", "Metrics"), re.M)
    same((name for name, _ in rows), re.findall(r"^# TYPE (ostiary_\w+)", scraped, re.M))
    labels = {
        name: re.findall(r'"(\w+)"', names)
        for name, names in re.findall(r'Family\(\s*"(ostiary_\w+)",\s*"[^"]+",\s*\(([^)]*)\)', code("*/*.py"))
    }
    for name, cell in rows:
        known = labels.get(name.removesuffix("_total"), [])
        assert re.findall(r"`(\w+)`", cell) == known, name


# --- words -----------------------------------------------------------------------------------------------

HOUSE_WORDS = re.compile(
    r"\b(?:a|each|next|last|newest|first) (?:look|tick)\b|\bwish(?:es|ed)?\b|\bspares?\b", re.I
)


@pytest.mark.parametrize("page", READ_BY_USERS, ids=page_id)
def test_words_of_the_house_are_explained(page: Path) -> None:
    """Whoever opens a page at which they are used finds a way to what they mean."""
    text = without_code(page)
    if HOUSE_WORDS.search(text) and page.name != "engine.md":
        assert "engine.md#words" in text, f"{page.name} says {HOUSE_WORDS.search(text)}"

"""
The reference and the code name the same things, in both directions.

A setting, an operation, an event, an error, a fault or a command that one side has and the other has not is a
mistake in the documentation, whichever way round.
"""

import importlib
import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import seam

import ostiary.api  # noqa: F401 - fills the operation table
from ostiary import providers
from ostiary.cli.main import app
from ostiary.domain.access_codes import IN_EFFECT, INACTIVE, MutationCode
from ostiary.domain.connected_accounts import DISCONNECTED
from ostiary.domain.devices import OURS
from ostiary.domain.events import EventType, OwnEventType
from ostiary.domain.explanation import Reason
from ostiary.domain.fights import CONFLICT
from ostiary.domain.reconcile import NO_SPACE, REMOVING_ERROR, SETTING_ERROR
from ostiary.domain.rehearsal import Hold
from ostiary.domain.secrets import Secret
from ostiary.simulation import MemoryHomes
from ostiary.simulation.control import NewHome
from ostiary.wire import stream
from ostiary.wire.operation import OPERATIONS, Limits

from ..conformance import official
from .pages import DOCS, REFERENCE, ROOT, anchors, every_page, first_cells, links, section, without_code

SOURCE = ROOT / "src" / "ostiary"
PAGES = every_page()
BRANDS = providers.load()


def code(*patterns: str) -> str:
    """The text of source files, tests left out."""
    files = {file for pattern in patterns for file in SOURCE.glob(pattern) if "tests" not in file.parts}
    return "\n".join(file.read_text() for file in sorted(files))


def same(documented: Iterable[str], real: Iterable[str]) -> None:
    documented, real = list(documented), set(real)
    assert set(documented) == real, (
        f"not documented: {sorted(real - set(documented))}; "
        f"documented and not there: {sorted(set(documented) - real)}"
    )
    assert len(documented) == len(set(documented)), f"documented twice: {sorted(documented)}"


# --- settings and commands -----------------------------------------------------------------------------


def test_settings() -> None:
    page = REFERENCE / "settings.md"
    real = set(re.findall(r'"(OSTIARY_[A-Z_]+)"', code("settings.py")))
    for key, brand in BRANDS.items():
        names = [*brand.manifest.default_urls, "client_id", "client_secret", "pace", "requests_per_minute"]
        names += ["username", "password"] if brand.manifest.takes_integrator else []
        names += [] if brand.manifest.poll_every_with_notices is None else ["webhooks"]
        real |= {f"OSTIARY_{key}_{name}".upper() for name in names}
    documented = first_cells(section(page, "The server") + section(page, "Brands"))
    same(documented, real)


def test_settings_that_pages_name_exist() -> None:
    known = set(first_cells((REFERENCE / "settings.md").read_text()))
    for page in PAGES:
        named = set(re.findall(r"OSTIARY_[A-Z]+(?:_[A-Z]+)*", page.read_text()))
        assert named <= known, f"{page.name}: {named - known}"


def commands(of: Any, prefix: str) -> Iterable[str]:
    for name in of:
        if not name.startswith("-"):
            deeper = list(commands(of[name], f"{prefix} {name}"))
            yield from deeper or [f"{prefix} {name}"]


def test_commands() -> None:
    same(first_cells(section(REFERENCE / "settings.md", "Commands")), commands(app, "ostiary"))


# --- the wire ------------------------------------------------------------------------------------------


def test_operations_and_their_methods() -> None:
    rows = re.findall(r"^\| `(/[^`]+)` \| ([A-Z, ]+) \|", (REFERENCE / "operations.md").read_text(), re.M)
    documented = [f"{path}: {methods}" for path, methods in rows]
    real = [f"{each.path}: {', '.join(each.methods)}" for each in OPERATIONS.values()]
    same(documented, [*real, f"{stream.PATH}: GET"])


def test_reasons_and_holds_of_plans() -> None:
    same(first_cells(section(REFERENCE / "engine.md", "Why is my code not on the door?")), get_args(Reason))
    [row] = re.findall(r"^\| `held_by` \| (.+) \|$", section(REFERENCE / "operations.md", "Plans"), re.M)
    same(set(re.findall(r"`([a-z_]+)`", row)) - {"writes"}, get_args(Hold))


def test_rate_limits() -> None:
    rows = re.findall(r"^\| `/([^`]+)` \| (\d+) \|", section(REFERENCE / "operations.md", "How often"), re.M)
    documented = {path.removeprefix("locks/").replace("/", "."): int(figure) for path, figure in rows}
    assert documented == dict(Limits.PER_MINUTE)


def test_what_the_official_sdk_calls_is_served_or_said_to_be_missing() -> None:
    missing = first_cells(section(REFERENCE / "operations.md", "Not served"))
    assert missing
    exact = {path for path in missing if not path.endswith("/…")}
    prefixes = tuple(path.removesuffix("…") for path in missing if path.endswith("/…"))
    routes = Path(seam.__file__).parent / "routes"
    called = {
        path for file in routes.glob("*.py") for path in re.findall(r'"((?:/[a-z_]+){2,})"', file.read_text())
    }
    assert len(called) > 100
    unexplained = [p for p in called if p not in OPERATIONS and p not in exact and not p.startswith(prefixes)]
    assert unexplained == []
    assert not [path for path in OPERATIONS if path in exact or path.startswith(prefixes)]
    assert not [each for each in exact | set(prefixes) if not any(path.startswith(each) for path in called)]


def test_what_the_official_schema_names_is_served_or_said_to_be_missing() -> None:
    page = REFERENCE / "operations.md"
    uncalled = first_cells(section(page, "What no SDK calls"))
    missing = first_cells(section(page, "Not served")) + uncalled
    paths = official.schema()["paths"]
    beginnings = tuple(path.removesuffix("…") for path in missing if path.endswith("/…"))
    assert [p for p in paths if p not in {*OPERATIONS, *missing} and not p.startswith(beginnings)] == []
    assert [p for p in uncalled if not any(each.startswith(p.removesuffix("…")) for each in paths)] == []
    assert [p for p in OPERATIONS if p in missing or p.startswith(beginnings)] == []


def test_events() -> None:
    same(first_cells((REFERENCE / "events.md").read_text()), get_args(EventType) + get_args(OwnEventType))


REFUSALS = code("api/*.py", "domain/*.py", "store/*.py", "wire/*.py", "sandbox/*.py", "connect/login.py")


def test_refusals() -> None:
    real = {"invalid_input", "unauthorized", "not_found", "method_not_allowed"}
    real |= set(re.findall(r'ApiError\(\s*"([a-z_]+)"', REFUSALS))
    real |= {f"{noun}_not_found" for noun in re.findall(r'not_found\(\s*"([a-z_]+)"', REFUSALS)}
    same(first_cells(section(REFERENCE / "errors.md", "Refusals")), real)


def test_errors_of_action_attempts() -> None:
    act = code("engine/act.py")
    real = set(re.findall(r'_fail,?[^"]*?attempt, "([a-z_]+)"', act))
    real |= set(re.findall(r'_fail\(tx, drain, attempt, "([a-z_]+)"', act))
    real |= set(re.findall(r'\.failed\(tx\.now, "([a-z_]+)"', code("api/locks.py")))
    given_up = code("engine/lock.py", "engine/writes.py", "api/handing_over.py")
    real |= set(re.findall(r'"type":"([a-z_]+)"', given_up))
    same(first_cells(section(REFERENCE / "errors.md", "Action attempts")), real)


def test_problems() -> None:
    """Of every brand."""
    text = code("domain/*.py", "engine/*.py", "providers/*/*.py")
    raised = set(re.findall(r'"(?:error|warning)_code",\s*"([a-z_]+)"', text))
    raised |= set(re.findall(r'(?:Rejected|DeviceProblem|DeviceWarning)\(\s*"([a-z_]+)"', text))
    raised |= set(re.findall(r'AccountProblem\(\s*"(?:error|warning)",\s*"([a-z_]+)"', text))
    real = raised | OURS | {DISCONNECTED, NO_SPACE, REMOVING_ERROR, SETTING_ERROR}
    real |= {CONFLICT, INACTIVE, IN_EFFECT}
    real -= {
        "unsupported_device",  # of a door, where it becomes `provider_issue`
        "warning_code",  # the name of the field
    }
    page = REFERENCE / "errors.md"
    documented = [
        word
        for whose in ("accounts", "devices", "codes")
        for word in first_cells(section(page, f"Problems of {whose}"))
    ]
    same(set(documented), real)


# --- simulators ----------------------------------------------------------------------------------------

SIMULATOR = REFERENCE / "simulator.md"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
OF_EVERY_SERVER = {"GET homes", "POST homes", "GET requests", "GET clock", "POST clock"}


SIMULATORS: dict[str, Any] = {
    brand.manifest.display_name: brand.simulator(
        MemoryHomes(), lambda: NOW, url="http://vendor.test", client_id="id", client_secret=Secret("it")
    )
    for brand in BRANDS.values()
}
"""One of each brand, by the brand's name."""


def verbs(simulator: Any) -> dict[str, type[msgspec.Struct]]:
    """What its control plane knows besides what stands apart, with the fields."""
    return {f"{method} {verb}": command.shape for (method, verb), command in simulator.commands.items()}


def shared() -> set[str]:
    """Verbs that mean the same everywhere."""
    first, *others = (verbs(simulator) for simulator in SIMULATORS.values())
    return {verb for verb, shape in first.items() if all(other.get(verb) is shape for other in others)}


def test_faults() -> None:
    known = {name: set(simulator.faults) for name, simulator in SIMULATORS.items()}
    everywhere = set.intersection(*known.values())
    real = {
        fault: "all" if fault in everywhere else ", ".join(name for name in known if fault in known[name])
        for fault in set.union(*known.values())
    }
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| ([^|]+) \|", section(SIMULATOR, "Faults"), re.M)
    same((fault for fault, _ in rows), real)
    assert dict(rows) == real


def test_control_plane() -> None:
    """What all simulators have stands in one table, what one of them has in its own."""
    common = shared()
    same(first_cells(section(SIMULATOR, "Commands")), common | OF_EVERY_SERVER)
    for name, simulator in SIMULATORS.items():
        same(first_cells(section(SIMULATOR, name)), set(verbs(simulator)) - common)


@pytest.mark.parametrize("name", list(SIMULATORS))
def test_fields_of_commands(name: str) -> None:
    """Every field of a command stands in its row."""
    simulator = SIMULATORS[name]
    rows = dict(re.findall(r"^\| `([A-Z]+ [a-z/_]+)` \|(.*)\|$", SIMULATOR.read_text(), re.M))
    rows |= dict(re.findall(r"^\| `([A-Z]+ [a-z/_]+)` \|(.*)\|$", section(SIMULATOR, name), re.M))
    for verb, shape in verbs(simulator).items():
        fields = set(shape.__struct_fields__) - {"home"}
        documented = set(re.findall(r"`([a-z0-9_]+)`", rows[verb]))
        assert fields <= documented, f"{verb}: {fields - documented}"


@pytest.mark.parametrize("name", list(SIMULATORS))
def test_what_a_home_may_be_sketched_with(name: str) -> None:
    words = set(re.findall(r"`([a-z0-9_]+)`", section(SIMULATOR, name) + section(SIMULATOR, "Commands")))
    fields = sketched(msgspec.inspect.type_info(SIMULATORS[name].new_home))
    assert fields > set(NewHome.__struct_fields__)
    assert fields <= words, fields - words


def sketched(of: msgspec.inspect.Type) -> set[str]:
    """The names of a struct's fields, and of the structs in them."""
    if isinstance(of, msgspec.inspect.StructType):
        return {field.encode_name for field in of.fields}.union(
            *(sketched(field.type) for field in of.fields)
        )
    if isinstance(of, msgspec.inspect.ListType):
        return sketched(of.item_type)
    if isinstance(of, msgspec.inspect.UnionType):
        return set().union(*(sketched(each) for each in of.types))
    return set()


def test_known_homes() -> None:
    documented = set(re.findall(r"`([a-z]+@example\.com)`", section(SIMULATOR, "Homes")))
    known = {login for brand in BRANDS.values() for login in brand.manifest.known_logins}
    helpers = {login for simulator in SIMULATORS.values() for login in simulator.helpers}
    assert known | helpers <= documented


# --- figures, dependencies, tests ------------------------------------------------------------------------

UNITS = {"s": 1, "min": 60, "h": 3600, "": 1}
FIGURES = re.findall(
    r"^\| [^|]+ \| ([\d.]+) ?(s|min|h|) \| `([\w.]+)` \|$", section(REFERENCE / "engine.md", "Figures"), re.M
)


def found(path: str) -> Any:
    """What a dotted path leads to: a module, and what is in it."""
    names = path.split(".")
    for end in range(len(names), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(names[:end]))
        except ModuleNotFoundError:
            continue
        for name in names[end:]:
            value = getattr(value, name)
        return value
    raise AssertionError(path)


def test_every_figure_is_read() -> None:
    rows = [row for row in section(REFERENCE / "engine.md", "Figures").splitlines() if row.startswith("| ")]
    assert len(FIGURES) == len(rows) - 1


@pytest.mark.parametrize(("figure", "unit", "path"), FIGURES, ids=[path for _, _, path in FIGURES])
def test_figures(figure: str, unit: str, path: str) -> None:
    value = found(path)
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    assert seconds == float(figure) * UNITS[unit]


def test_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def name(requirement: str) -> str:
        return re.split(r"[\[<>=~! ;]", requirement)[0]

    page = next((DOCS / "decisions").glob("0002-*.md"))
    required, extras = section(page, "Decision").split("| Extra |")
    same(first_cells(required), map(name, project["dependencies"]))
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", extras, re.M)
    wanted = project["optional-dependencies"]
    same(
        (f"{extra} {dependency}" for extra, dependency in rows),
        (f"{extra} {name(each)}" for extra, several in wanted.items() for each in several),
    )


def test_tests_that_pages_name_exist() -> None:
    named = [
        (page.name, *test)
        for page in PAGES
        for test in re.findall(r"`((?:src|tests)/[\w/]+\.py)::(\w+)`", page.read_text())
    ]
    assert named
    for page, file, test in named:
        text = (ROOT / file).read_text() if (ROOT / file).exists() else ""
        assert re.search(rf"def {test}\(", text), f"{page} names {file}::{test}, which is not there"


def known_tests() -> set[str]:
    written = "".join(
        path.read_text() for folder in ("src", "tests") for path in (ROOT / folder).rglob("test_*.py")
    )
    return set(re.findall(r"def (test_\w+)\(", written))


def numbered(page: Path) -> list[list[str]]:
    lines = [line.strip("| ").split(" | ") for line in page.read_text().splitlines()]
    return [[cell.strip() for cell in cells] for cells in lines if cells[0].isdigit()]


def names_tests_that_exist(rows: list[list[str]], width: int) -> None:
    known = known_tests()
    for cells in rows:
        assert len(cells) == width
        assert all(cells)
        named = re.findall(r"`(test_\w+)`", cells[-1])
        assert named, f"{cells[0]} names no test"
        assert set(named) <= known, f"{cells[0]} names {set(named) - known}, which is not there"


def test_every_quirk_of_nuki_has_its_line_and_its_tests() -> None:
    rows = numbered(REFERENCE / "nuki-quirks.md")
    assert [int(cells[0]) for cells in rows] == list(range(1, 45))
    names_tests_that_exist(rows, 5)


def test_every_pain_has_its_line_and_its_tests() -> None:
    """Those that are about programming codes; and each test of a pain stands in its line."""
    rows = numbered(REFERENCE / "pains.md")
    numbers = [int(cells[0]) for cells in rows]
    assert numbers == sorted(set(numbers))
    assert set(numbers) >= {*range(1, 19), 20, 21, 25} - {2}
    names_tests_that_exist(rows, 4)
    for test in known_tests():
        if test.startswith("test_pain_"):
            [line] = [cells for cells in rows if int(cells[0]) == int(test[10:12])]
            assert f"`{test}`" in line[-1], f"{test} does not stand in its line"


def test_when_problems_of_codes_come_and_go() -> None:
    """The same codes as in the table that says what they mean."""
    page = REFERENCE / "errors.md"
    table = section(page, "When problems of codes come and go")
    same(first_cells(table), first_cells(section(page, "Problems of codes")))
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    names_tests_that_exist(rows, 4)
    assert set(get_args(MutationCode)) == set(
        re.findall(r"`(updating_\w+|deferring_\w+|creating|deleting)`", table)
    )


# --- pages by themselves ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(goal), f"{page.name}: {target}"


def test_every_page_can_be_reached_from_the_front_page() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = (target.partition("#")[0] for target in links(page) if "://" not in target)
        waiting.extend((page.parent / target).resolve() for target in targets if target)
    assert set(PAGES) <= reached, set(PAGES) - reached


FORBIDDEN = {
    "a registry's host": r"\b(?:pypi\.org|pythonhosted|registry\.npmjs|npmjs\.com|crates\.io)\b",
    "a path of one machine": r"(?<![\w.])/(?:home|root|Users|work|tmp)/",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_no_registry_and_no_machine(page: Path) -> None:
    for what, pattern in FORBIDDEN.items():
        assert not re.search(pattern, page.read_text()), f"{page.name} names {what}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tables_are_whole(page: Path) -> None:
    """Every row of a table has as many cells as its head: a forge would drop the rest."""
    for table in re.findall(r"(?:^\|.*\|\n)+", without_code(page), re.M):
        widths = {len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", row))) for row in table.splitlines()}
        assert len(widths) == 1, f"{page.name}: {table[:200]}"

"""The documentation as tests read it: pages, fenced blocks, tables and links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"


@dataclass(frozen=True, slots=True)
class Block:
    """
    One fenced block.

    Attributes:
        line: Number of its first line of content, from 1.
    """

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks that begin at the margin, in order."""
    found: list[Block] = []
    fence: tuple[str, int] | None = None
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if fence is None:
            fence = (line[3:].strip(), number + 1)
        else:
            language, first = fence
            found.append(
                Block(language, "".join(f"{text}\n" for text in lines[first - 1 : number - 1]), first)
            )
            fence = None
    assert fence is None, f"{page.name} does not close a block"
    return found


def every_page() -> list[Path]:
    """What people read: the front page, the changes and everything below `docs/`."""
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def section(page: Path, title: str) -> str:
    """The text below a heading, down to the next heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#{{1,6}} |\Z)", page.read_text(), re.M | re.S)
    assert found is not None, f"{page.name} has no section {title!r}"
    return found[1]


def first_cells(text: str) -> list[str]:
    """The code words in the first cells of the tables' bodies."""
    tables = re.findall(r"(?:^\|.*\|$\n?)+", text, re.M)
    cells = [row.split("|")[1] for table in tables for row in table.splitlines()[2:]]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def anchors(page: Path) -> set[str]:
    """What a link may name after `#`, as forges make it from headings."""
    titles = re.findall(r"^#+ (.+)$", without_code(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    """Targets of links."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", without_code(page)))


def without_code(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.M | re.S)

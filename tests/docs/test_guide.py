"""
The guides are programs: their Python blocks run in order, and print what the page says.

They run in the order in which the front page names them, and all in one installation, as somebody does who
reads on: what one leaves behind must not disturb the next. Before each, the commands of its beginning run in
a shell as they stand. The blocks of a page become one file in which every line stands where it stands in the
page, so that a traceback points into the guide. The browser that it opens is a small program that logs in.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..processes import Running, environment, log_in, serving
from .pages import DOCS, ROOT, blocks, links

README = ROOT / "README.md"
GUIDES = list(
    dict.fromkeys(
        (ROOT / target).resolve()
        for target in (each.partition("#")[0] for each in links(README))
        if target.startswith("docs/guides/")
    )
)
"""In the order of the front page."""
SECONDS = 120
KEY = "export SEAM_API_KEY=$("


@dataclass(frozen=True)
class Installation:
    """
    A server, and a terminal beside it.

    Attributes:
        terminal: The folder in which a reader types; its `.venv` puts `ostiary` on the path.
        env: What the terminal starts with. No key and no address are in it.
    """

    server: Running
    terminal: Path
    env: dict[str, str]

    def typed(self, page: Path, guide: Path) -> list[str]:
        """The command line that types the beginning of a page as it stands, and then starts its program."""
        guide.write_text(program(page))
        return [
            "sh",
            "-c",
            f"{{\n{beginning(page)}\n}} > beginning.txt\n"
            f"export SEAM_ENDPOINT={shlex.quote(self.server.url)}\n"  # the page's port may be taken here
            f"exec {shlex.quote(sys.executable)} -u {shlex.quote(str(guide))}",
        ]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder, terminal = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("terminal")
    programs = terminal / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "activate").write_text(f'PATH={shlex.quote(str(programs))}:"$PATH"\n')
    (programs / "ostiary").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ostiary "$@"\n')
    (programs / "ostiary").chmod(0o700)
    env = environment(
        folder,
        BROWSER=f"{sys.executable} -m tests.docs.test_guide %s",
        PYTHONPATH=os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    )
    with serving(folder) as server:
        yield Installation(server, terminal, env)


def program(page: Path) -> str:
    """The page's Python blocks, each line in its place."""
    lines = [""] * len(page.read_text().splitlines())
    for block in blocks(page):
        if block.language == "python":
            for offset, line in enumerate(block.text.splitlines()):
                lines[block.line - 1 + offset] = line
    return "\n".join(lines) + "\n"


def beginning(page: Path) -> str:
    """What the page has typed in a terminal before its program runs: a key is made there."""
    [block] = [block for block in blocks(page) if block.language == "sh" and KEY in block.text]
    return block.text


def printed(page: Path) -> str:
    """What the page says that its program prints."""
    return "".join(block.text for block in blocks(page) if block.language == "text")


def pattern(line: str) -> str:
    """A line of the page as a pattern: `…` stands for what differs from run to run."""
    return ".*".join(re.escape(part) for part in line.split("…"))


def test_the_first_lines_of_the_readme(installation: Installation, tmp_path: Path) -> None:
    """A person logs in at the address that the program prints, in their own time."""
    with subprocess.Popen(
        installation.typed(README, tmp_path / "readme.py"),
        env=installation.env,
        cwd=installation.terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as reader:
        try:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "(shown once; keep it)\n"
            log_in(reader.stdout.readline().split()[-1])
            said, _ = reader.communicate(timeout=60)
        finally:
            reader.kill()
    assert re.fullmatch(r"[1-9]{6} setting\n", said), said


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_runs_and_prints_what_it_says(page: Path, installation: Installation, tmp_path: Path) -> None:
    ran = subprocess.run(
        installation.typed(page, tmp_path / page.with_suffix(".py").name),
        env=installation.env,
        cwd=installation.terminal,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    log = installation.server.log
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}\n{log.read_text()[-2000:]}"
    said = printed(page).splitlines()
    seen = ran.stdout.splitlines()
    assert len(seen) == len(said), ran.stdout
    for expected, line in zip(said, seen, strict=True):
        assert re.fullmatch(pattern(expected), line), (
            f"the page says {expected!r}, and it is {line!r} in:\n{ran.stdout}"
        )


def test_the_front_page_names_every_guide() -> None:
    assert sorted(GUIDES) == sorted((DOCS / "guides").glob("*.md"))


def test_each_guide_has_a_workspace_of_its_own() -> None:
    """Clocks only move forward, and events that were told are not told again."""
    names = []
    for page in GUIDES:
        text = beginning(page)
        [made] = re.findall(r"^ostiary workspaces create --name (\S+)$", text, re.M)
        assert re.findall(r"api-keys create --workspace (\S+)", text) == [made], page.name
        names.append(made)
    assert len(set(names)) == len(names)
    assert "sandbox" not in names


if __name__ == "__main__":  # the browser of the guide's reader
    log_in(sys.argv[1])

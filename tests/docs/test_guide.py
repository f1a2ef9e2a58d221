"""
The guides are programs: their Python blocks run in order, and print what the page says.

The blocks of a page become one file in which every line stands where it stands in the page, so that a
traceback points into the guide. It runs like a reader's program, in a process of its own, with the server's
address and key in the environment. The browser that it opens is a small program that logs in.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..processes import api_key, call, environment, log_in, serving
from .pages import DOCS, ROOT, blocks

GUIDES = sorted((DOCS / "guides").glob("*.md"))
SECONDS = 120


def program(page: Path) -> str:
    """The page's Python blocks, each line in its place."""
    lines = [""] * len(page.read_text().splitlines())
    for block in blocks(page):
        if block.language == "python":
            for offset, line in enumerate(block.text.splitlines()):
                lines[block.line - 1 + offset] = line
    return "\n".join(lines) + "\n"


def printed(page: Path) -> str:
    """What the page says that its program prints."""
    return "".join(block.text for block in blocks(page) if block.language == "text")


def pattern(line: str) -> str:
    """A line of the page as a pattern: `…` stands for what differs from run to run."""
    return ".*".join(re.escape(part) for part in line.split("…"))


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_runs_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    guide = tmp_path / page.with_suffix(".py").name
    guide.write_text(program(page))
    with serving(folder) as server:
        ran = subprocess.run(
            [sys.executable, str(guide)],
            env=environment(
                folder,
                SEAM_API_KEY=api_key(folder),
                SEAM_ENDPOINT=server.url,
                BROWSER=f"{sys.executable} -m tests.docs.test_guide %s",
            ),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}\n{server.log.read_text()[-2000:]}"
    said = printed(page).splitlines()
    seen = ran.stdout.splitlines()
    assert len(seen) == len(said), ran.stdout
    for expected, line in zip(said, seen, strict=True):
        assert re.fullmatch(pattern(expected), line), (
            f"the page says {expected!r}, and it is {line!r} in:\n{ran.stdout}"
        )


def test_the_first_lines_of_the_readme(tmp_path: Path) -> None:
    """A person logs in at the address that the program prints, and then presses Enter."""
    folder = tmp_path / "data"
    with serving(folder) as server:
        key = api_key(folder)
        with subprocess.Popen(
            [sys.executable, "-u", "-c", program(ROOT / "README.md")],
            env=environment(folder, SEAM_API_KEY=key, SEAM_ENDPOINT=server.url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as reader:
            try:
                assert reader.stdout is not None
                log_in(reader.stdout.readline().strip())
                patience = time.monotonic() + 30
                while not call(server.url, key, "/devices/list")["devices"]:
                    assert time.monotonic() < patience, "no devices"
                    time.sleep(0.05)
                said, _ = reader.communicate("\n", timeout=60)
            finally:
                reader.kill()
    assert re.search(r"[1-9]{6} setting\n$", said), said


if __name__ == "__main__":  # the browser of the guide's reader
    log_in(sys.argv[1])

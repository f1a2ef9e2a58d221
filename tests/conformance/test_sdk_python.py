"""The official Python SDK against `ostiary serve`: today's, and the first of each generation before it."""

import subprocess
import sys
from pathlib import Path

import pytest

from . import telling

ROOT = Path(__file__).parents[2]
UV = ROOT / ".venv/bin/uv"
GENERATIONS = {"1": "1.0.0", "2": "2.0.0", "3": "3."}


@pytest.fixture(params=list(GENERATIONS))
def generation(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def interpreter(generation: str) -> Path:
    """The one that has this generation; made once, and anew when its requirements change."""
    if generation == "3":
        return Path(sys.executable)
    requirements = ROOT / f"requirements/sdk-{generation}.txt"
    home = ROOT / f".venv-sdk-{generation}"
    python, stamp = home / "bin/python", home / "requirements.txt"
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return python
    if not UV.exists():
        pytest.skip("older SDKs are installed with uv, which `make test` sets up")
    install = [UV, "pip", "install", "--quiet", "--require-hashes", "--requirement", requirements]
    for command in ([UV, "venv", "--quiet", "--clear", "--python", sys.executable, home],
                    [*install, "--python", python]):  # fmt: skip
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    stamp.write_bytes(requirements.read_bytes())
    return python


@pytest.mark.parametrize("story", list(telling.CHECKS))
def test_the_story_with_the_python_sdk(story: str, generation: str, tmp_path: Path) -> None:
    command = (str(interpreter(generation)), str(telling.STORIES / f"story_{story}.py"))
    seen = telling.tell(story, command, tmp_path)
    assert seen["version"].startswith(GENERATIONS[generation])
    telling.CHECKS[story](seen)
    if story != "nuki":
        return
    if generation == "1":
        assert seen["pages"] is None, "the first generation has no paginator"
    else:
        telling.check_pages(seen)

"""The scripts of `examples/` run as they stand."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .. import processes
from ..processes import Running

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(path for path in EXAMPLES.glob("*/*.sh") if path.name != "common.sh")
SECONDS = 120


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = processes.start(tmp_path_factory.mktemp("examples"), "simulate", "nuki", "--port", "0")
    yield running
    running.stop()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_example_runs(script: Path, simulator: Running, tmp_path: Path) -> None:
    for tool in ("curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"the examples need {tool}")
    home: dict[str, Any] = {"home": f"{script.stem}@example.com", "pace": 0.05}
    made = httpx.post(f"{simulator.url}/_simulator/homes", json=home)
    own = {
        "URL": simulator.url,
        "TOKEN": made.json()["api_token"],
        "HOME_NAME": home["home"],
        "PAUSE": "0.05",
    }
    done = subprocess.run(
        ["sh", str(script)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env=processes.environment(tmp_path, **own),
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_the_readme_lists_every_example() -> None:
    text = (EXAMPLES / "README.md").read_text()
    listed = set(re.findall(r"\]\(([a-z/]+\.sh)\)", text))
    assert listed == {str(path.relative_to(EXAMPLES)) for path in SCRIPTS}

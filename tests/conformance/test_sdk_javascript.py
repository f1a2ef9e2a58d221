"""
The official JavaScript SDK against `ostiary serve`: the last one for older Node.js, and today's.

Today's needs Node.js 22, which comes with the packages; the older one runs on the machine's own.
"""

import shutil
from pathlib import Path

import pytest

from . import telling

MODULES = Path(__file__).parent / "js/node_modules"
HOW = "the JavaScript SDKs need Node.js with npm, then: npm ci (in tests/conformance/js)"
PACKAGES = {"1": ("seam-1", "1.160.0"), "2": ("seam", "1.245.0")}


def node(package: str) -> str:
    """Today's package runs on the Node.js that came along, where there is one for this machine."""
    bundled = next(MODULES.glob("node-linux-*/bin/node"), None)
    own = shutil.which("node")
    found = own if package == "seam-1" or bundled is None else str(bundled)
    if found is None or not (MODULES / package / "package.json").exists():
        pytest.skip(HOW)
    return found


@pytest.mark.parametrize("generation", list(PACKAGES))
@pytest.mark.parametrize("story", list(telling.CHECKS))
def test_the_story_with_the_javascript_sdk(story: str, generation: str, tmp_path: Path) -> None:
    package, version = PACKAGES[generation]
    command = (node(package), str(telling.STORIES / f"story_{story}.mjs"), str(MODULES / package))
    seen = telling.tell(story, command, tmp_path)
    assert seen["version"] == version
    telling.CHECKS[story](seen)
    if story == "nuki":
        telling.check_pages(seen)

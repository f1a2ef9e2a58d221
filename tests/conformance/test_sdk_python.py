"""The official Python SDK against `ostiary serve`: today's, and the first of each generation before it."""

import sys
from pathlib import Path

import pytest

from . import telling
from .environments import python_with

GENERATIONS = {"1": "1.0.0", "2": "2.0.0", "3": "3."}


@pytest.fixture(params=list(GENERATIONS))
def generation(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def interpreter(generation: str) -> Path:
    return Path(sys.executable) if generation == "3" else python_with(f"sdk-{generation}")


@pytest.mark.parametrize("story", list(telling.CHECKS))
def test_the_story_with_the_python_sdk(story: str, generation: str, tmp_path: Path) -> None:
    seen = telling.tell(story, telling.in_python(interpreter(generation), story), tmp_path)
    assert seen["version"].startswith(GENERATIONS[generation])
    telling.CHECKS[story](seen)
    if story != "nuki":
        return
    if generation == "1":
        assert seen["pages"] is None, "the first generation has no paginator"
    else:
        telling.check_pages(seen)

"""The folder as the house finds it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary import providers
from ostiary.domain.provider import Brand
from ostiary.providers import nuki


def test_the_house_finds_the_brand() -> None:
    brands = providers.load()
    assert brands["nuki"] == Brand(nuki.MANIFEST, nuki.Adapter, nuki.Simulator)
    assert all(key == brand.manifest.key for key, brand in brands.items())
    assert list(brands) == sorted(brands)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty place for brands."""
    monkeypatch.setattr(providers, "__path__", [str(tmp_path)])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("ostiary.providers."):
            del sys.modules[name]
            vars(providers).pop(name.rpartition(".")[2], None)


GOOD = """
from ostiary.domain.provider import Manifest
MANIFEST = Manifest("acme", "Acme", (), {}, False, (), (), ())
class Adapter: pass
class Simulator: pass
"""


def add(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(text)


def test_a_folder_more_is_a_brand_more(folder: Path) -> None:
    add(folder, "acme_x", GOOD)
    (folder / "notes.py").write_text("raise RuntimeError('a module is no brand')")
    (folder / "empty").mkdir()
    assert list(providers.load()) == ["acme"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "MANIFEST"),
        (GOOD.replace("class Adapter", "class Other"), "Adapter"),
        (GOOD.replace("class Simulator: pass", "Simulator = 3"), "Simulator"),
    ],
)
def test_a_folder_that_lacks_something_says_what(folder: Path, text: str, complaint: str) -> None:
    add(folder, "acme_y", text)
    with pytest.raises(TypeError, match=rf"acme_y: {complaint}"):
        providers.load()


def test_two_brands_do_not_share_a_key(folder: Path) -> None:
    add(folder, "acme_a", GOOD)
    add(folder, "acme_b", GOOD)
    with pytest.raises(TypeError, match="acme_b: another brand has the key 'acme'"):
        providers.load()

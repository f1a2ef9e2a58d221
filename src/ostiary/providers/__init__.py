"""
The brands: one folder each, found by looking.

The house calls `load` once at start and from then on knows brands by their key only. A brand is added
by adding its folder; there is no list to edit.
"""

import importlib
import pkgutil

from ..domain.provider import Brand, Manifest


def load() -> dict[str, Brand]:
    """
    Every brand, by its manifest's key, in alphabetical order.

    Raises:
        TypeError: A folder does not offer what `domain.provider` asks of a brand, or takes another's key.
    """
    brands: dict[str, Brand] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if not module.ispkg:
            continue
        brand = _brand(f"{__name__}.{module.name}")
        if brand.manifest.key in brands:
            raise TypeError(f"{module.name}: another brand has the key {brand.manifest.key!r}")
        brands[brand.manifest.key] = brand
    return brands


def _brand(name: str) -> Brand:
    package = importlib.import_module(name)
    manifest = getattr(package, "MANIFEST", None)
    if not isinstance(manifest, Manifest):
        raise TypeError(f"{name}: MANIFEST is not a Manifest")
    for part in ("Adapter", "Simulator"):
        if not callable(getattr(package, part, None)):
            raise TypeError(f"{name}: {part} is missing or cannot be called")
    return Brand(manifest=manifest, adapter=package.Adapter, simulator=package.Simulator)

"""What a page loads: the style sheet, the one script, and a tile per brand."""

import colorsys
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..domain.provider import Manifest

PREFIX: Final = "/connect_webviews/"
_FILES: Final = {"style.css": "text/css; charset=utf-8", "parent.js": "text/javascript; charset=utf-8"}
_GOLDEN_ANGLE: Final = 137.508


class Assets:
    """
    Every file, in memory, with its digest.

    A page asks for `path?v=digest`, which may be kept for ever; without the digest a browser asks each
    time whether it still has the newest.
    """

    def __init__(self, manifests: Mapping[str, Manifest]) -> None:
        folder = files(__package__) / "static"
        self._contents = {name: (folder / name).read_bytes() for name in _FILES}
        self._types = dict(_FILES)
        for at, key in enumerate(sorted(manifests)):
            name = f"brands/{key}.svg"
            self._contents[name] = _tile(manifests[key].display_name, at).encode()
            self._types[name] = "image/svg+xml"
        self._digests = {
            name: hashlib.sha256(content).hexdigest()[:16] for name, content in self._contents.items()
        }

    def path(self, name: str) -> str:
        return f"{PREFIX}{name}?v={self._digests[name]}"

    def routes(self) -> list[Route]:
        return [Route(f"{PREFIX}{name}", self._serving(name), methods=["GET"]) for name in self._contents]

    def _serving(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        digest = self._digests[name]
        etag = f'"{digest}"'

        async def serve(request: Request) -> Response:
            is_named = request.query_params.get("v") == digest
            headers = {
                "etag": etag,
                "cache-control": "public, max-age=31536000, immutable" if is_named else "no-cache",
                "x-content-type-options": "nosniff",
                "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
            }
            if etag in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers=headers)
            return Response(self._contents[name], headers=headers, media_type=self._types[name])

        return serve


def _tile(display_name: str, at: int) -> str:
    """
    A brand's initials on a colour of its own. Not its logo, which is not ours to show.

    Args:
        at: Its place among the brands: neighbours get colours that are far apart.
    """
    red, green, blue = colorsys.hls_to_rgb((at * _GOLDEN_ANGLE + 205) % 360 / 360, 0.31, 0.42)
    colour = f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
    initials = escape("".join(word[0] for word in display_name.split()[:2]).upper())
    size = 22 if len(initials) < 2 else 18
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48">'
        f'<rect width="48" height="48" rx="12" fill="{colour}"/>'
        f'<text x="24" y="24" dy=".36em" fill="#fff" font-size="{size}" font-weight="650" '
        'font-family="system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif" '
        f'text-anchor="middle">{initials}</text></svg>\n'
    )

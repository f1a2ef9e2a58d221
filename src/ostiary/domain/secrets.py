"""Values that must never be shown by accident: PINs, tokens, passwords."""

import hmac
from typing import Final

HIDDEN: Final = "•••"


class Secret:
    """
    A text that shows itself only when asked with `reveal()`.

    `repr`, `str`, f-strings and JSON encoders get `•••` or refuse it, so that a log line, a trace or
    an error message cannot carry it. Comparison takes constant time.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Call it only where the text leaves for where it is meant to go."""
        return self._text

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")

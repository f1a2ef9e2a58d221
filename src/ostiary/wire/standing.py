"""
Answers that stand for as long as the database does.

Most of what is read has not changed since it was last read. An answer that depends on the request and the
database alone (`Operation.is_timeless`) is kept with the database's version and given again, whole, until
anybody commits anything: exact by construction, with no time to live and nothing to invalidate by name.
"""

from typing import Final

KEPT_BYTES: Final = 16 * 1024 * 1024
Key = tuple[object, ...]


class StandingAnswers:
    """The answers of one version of the database, up to `KEPT_BYTES` of bodies."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._answers: dict[Key, bytes] = {}
        self._room = KEPT_BYTES

    def find(self, key: Key, version: int) -> bytes | None:
        """The answer to the same request, if nothing was committed since."""
        if version != self._version:
            self._start_over(version)
        return self._answers.get(key)

    def keep(self, key: Key, version: int, answer: bytes) -> None:
        """
        Args:
            version: Read before the answer was made. A commit in between makes the answer newer than its
                version, never older, and the next `find` discards it.
        """
        if version != self._version or len(answer) > self._room:
            self._start_over(version)
        if len(answer) <= self._room:
            self._answers[key] = answer
            self._room -= len(answer)

    def _start_over(self, version: int) -> None:
        self._version = version
        self._answers = {}
        self._room = KEPT_BYTES

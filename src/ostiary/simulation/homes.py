"""
Where the simulator keeps its homes when the house gives it no place: in memory or in a file.

Both are a `HomeStore`: one blob per home with a version, and a save that says when it lost a race.
"""

import base64
import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec


class MemoryHomes:
    """Lasts as long as the process."""

    def __init__(self) -> None:
        self._homes: dict[str, tuple[bytes, int]] = {}

    async def load(self, home: str) -> tuple[bytes | None, int]:
        return self._homes.get(home, (None, 0))

    async def save(self, home: str, state: bytes, version: int) -> bool:
        if self._homes.get(home, (None, 0))[1] != version:
            return False
        self._homes[home] = (state, version + 1)
        return True

    async def homes(self) -> Sequence[str]:
        return sorted(self._homes)


class _Line(msgspec.Struct):
    home: str
    version: int
    state: str


class FileHomes:
    """
    One file that survives a restart and may be shared by processes of one machine.

    A journal: each save appends one line, the last line of a home counts. A save therefore costs as
    much as its own home however many there are. When most of the file is history it is written anew
    and put in place of the old one in one step. A line is handed to the operating system before the
    save returns, so a killed process loses nothing; only a power cut could, which a simulator may.

    Args:
        path: Created at the first save, readable by its owner alone, since it holds PINs.
    """

    _SLACK = 1_000_000  # bytes of history that are not worth a new file

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._homes: dict[str, tuple[bytes, int]] = {}
        self._era = b""
        self._read_to = 0

    async def load(self, home: str) -> tuple[bytes | None, int]:
        with self._locked():
            self._catch_up()
        return self._homes.get(home, (None, 0))

    async def save(self, home: str, state: bytes, version: int) -> bool:
        with self._locked():
            self._catch_up()
            if self._homes.get(home, (None, 0))[1] != version:
                return False
            self._append(home, state, version + 1)
            return True

    async def homes(self) -> Sequence[str]:
        with self._locked():
            self._catch_up()
        return sorted(self._homes)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among the processes. The lock has a file of its own, since the journal is replaced."""
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _catch_up(self) -> None:
        """Read what others, or an earlier life, have written."""
        try:
            with self._path.open("rb") as file:
                era = file.readline()
                if era != self._era or not era.endswith(b"\n"):
                    self._homes, self._era, self._read_to = {}, era, len(era)
                file.seek(self._read_to)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # a process died while it wrote this: nobody was answered
                    entry = msgspec.json.decode(line, type=_Line)
                    self._homes[entry.home] = (base64.b64decode(entry.state), entry.version)
                    self._read_to += len(line)
        except FileNotFoundError:
            self._homes, self._era, self._read_to = {}, b"", 0

    def _append(self, home: str, state: bytes, version: int) -> None:
        self._homes[home] = (state, version)
        lines = [_line(home, state, version)]
        if not self._era.endswith(b"\n") or self._read_to > self._SLACK:
            everything = [_line(name, *entry) for name, entry in self._homes.items()]
            if self._read_to == 0 or self._read_to > 4 * sum(map(len, everything)) + self._SLACK:
                self._write_anew(everything)
                return
        file = os.open(self._path, os.O_WRONLY)
        try:
            os.ftruncate(file, self._read_to)  # cuts off half a line
            os.lseek(file, 0, os.SEEK_END)
            self._read_to += _write(file, lines)
        finally:
            os.close(file)

    def _write_anew(self, lines: list[bytes]) -> None:
        """The first line names the era, so that another process sees that its place in the file is void."""
        era = secrets.token_hex(16).encode() + b"\n"
        fresh = self._path.with_name(self._path.name + ".new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            size = _write(file, [era, *lines])
            os.fsync(file)
        finally:
            os.close(file)
        fresh.replace(self._path)
        self._era, self._read_to = era, size


def _line(home: str, state: bytes, version: int) -> bytes:
    return msgspec.json.encode(_Line(home, version, base64.b64encode(state).decode())) + b"\n"


def _write(file: int, lines: list[bytes]) -> int:
    data = b"".join(lines)
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
    return len(data)

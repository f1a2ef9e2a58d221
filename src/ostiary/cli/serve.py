"""`ostiary serve`: one process, one ready line, a clean end."""

import asyncio
import contextlib
import ctypes
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import uvicorn

from .. import app
from ..settings import Settings
from ..store.opening import is_postgres
from .errors import Failed
from .http_protocol import OneWriteProtocol

GRACE_SECONDS: Final = 3


def run_server(settings: Settings, host: str, port: int, *, as_json: bool) -> None:
    """Until SIGTERM or SIGINT. Raises: Failed, when the port or the data folder is taken."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for chatty in ("uvicorn", "alembic"):
        logging.getLogger(chatty).setLevel("WARNING")
    with contextlib.ExitStack() as stack:
        if not is_postgres(settings.database_url):
            try:
                stack.enter_context(app.folder_lock(settings.data_dir))
            except app.AlreadyRunning as error:
                raise Failed(str(error)) from error
        listener = stack.enter_context(listen(host, port))
        url = settings.public_url or local_url(host, listener)
        _settle_memory()
        with uvloop_runner() as runner:
            runner.run(_serve(settings, listener, url, as_json))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, made before anything else so that a taken port is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, so that asyncio recognises TCP and turns Nagle's algorithm off.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Failed(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from error
    listener.listen(1024)
    return listener


def local_url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def uvloop_runner() -> asyncio.Runner:
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


class Server(uvicorn.Server):
    """Tells when it is ready, and leaves the ending to those who started it."""

    def __init__(
        self, config: uvicorn.Config, ready: str, end_streams: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._end_streams = end_streams

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        print(self._ready, flush=True)

    async def shutdown(self, sockets: Any = None) -> None:
        """Answers that never end by themselves would be waited for."""
        self._end_streams()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn's own raises the signal once more at its end, and the house would never be closed."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def uvicorn_config(asgi: Any, *, has_lifespan: bool = False) -> uvicorn.Config:
    return uvicorn.Config(
        asgi,
        http=OneWriteProtocol,
        loop="none",
        lifespan="on" if has_lifespan else "off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def _serve(settings: Settings, listener: socket.socket, url: str, as_json: bool) -> None:
    async with app.opened(settings, url) as house:
        await house.database.write(app.first_start)
        if not is_postgres(settings.database_url):
            await house.database.write(app.free_leases)
        ready = (
            msgspec.json.encode({"url": url}).decode()
            if as_json
            else f"Ostiary is ready at {url}  (data in {settings.data_dir})"
        )
        gc.collect()
        gc.freeze()
        async with house.engine():
            config = uvicorn_config(house.asgi)
            await Server(config, ready, house.streams.stop).serve(sockets=[listener])


def _settle_memory() -> None:
    """Large answers come from the heap instead of fresh mappings each time. Only for speed, on glibc."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        m_mmap_threshold, m_trim_threshold, size = -3, -1, 64 * 1024 * 1024
        mallopt(m_mmap_threshold, size)
        mallopt(m_trim_threshold, size)

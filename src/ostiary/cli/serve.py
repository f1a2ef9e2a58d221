"""`ostiary serve`: one process, one ready line, a clean end."""

import asyncio
import contextlib
import ctypes
import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import uvicorn

from .. import app, store
from ..settings import Settings, make_data_dir
from ..store.opening import in_plain_words, is_postgres, served_alone
from .errors import Failed
from .http_protocol import OneWriteProtocol
from .installation import opened, prepared

GRACE_SECONDS: Final = 3


def run_server(settings: Settings, host: str, port: int, *, as_json: bool) -> None:
    """Until SIGTERM or SIGINT. Raises: Failed, when the port is taken; AlreadyServed."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for chatty in ("uvicorn", "alembic"):
        logging.getLogger(chatty).setLevel("WARNING")
    make_data_dir(settings.data_dir)
    with contextlib.ExitStack() as stack:
        stack.enter_context(served_alone(settings.database_url))
        listener = stack.enter_context(listen(host, port))
        url = settings.public_url or local_url(host, listener)
        settings = prepared(settings)
        _settle_memory()
        with uvloop_runner() as runner:
            runner.run(_serve(settings, listener, url, as_json))


def listen(host: str, port: int) -> socket.socket:
    """
    A listening socket, made before anything else so that a taken port is told at once.

    Raises:
        Failed: Says whether it is the host or the port.
    """
    if not host.strip():
        raise Failed("--host is empty; give an address of this machine, or 0.0.0.0 for all that it has")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # Named, so that asyncio recognises TCP and turns Nagle's algorithm off.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(1024)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        raise Failed(_refusal(host, port, error)) from error
    return listener


def _refusal(host: str, port: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if isinstance(error, socket.gaierror | UnicodeError):
        return (
            f"--host {host} is no address and no name of one; 127.0.0.1 is this machine, 0.0.0.0 all it has"
        )
    if number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"--host {host} is no address of this machine; 127.0.0.1 is, and 0.0.0.0 stands for all it has"
    if number == errno.EACCES:
        return f"cannot listen on {host}:{port}: {os.strerror(number)}; choose a --port above 1023"
    words = os.strerror(number) if number else str(error)
    return f"cannot listen on {host}:{port}: {words}; choose another --port"


def is_everywhere(listener: socket.socket) -> bool:
    """Whether it listens on every interface, however that was written."""
    return listener.getsockname()[0] in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def local_url(host: str, listener: socket.socket) -> str:
    """One that is true on this machine."""
    port = listener.getsockname()[1]
    if is_everywhere(listener):
        host = "::1" if listener.family == socket.AF_INET6 else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
    async with opened(settings, url) as house:
        with in_plain_words(settings.database_url):
            await house.database.write(app.first_start)
            if not is_postgres(settings.database_url):
                await house.database.write(app.free_leases)
            keys = await house.database.read(store.workspaces.list_api_keys)
        has_keys = any(key.revoked_at is None for key in keys)
        ready = (
            msgspec.json.encode({"url": url}).decode()
            if as_json
            else "\n".join(_ready(settings, listener, url, has_keys))
        )
        gc.collect()
        gc.freeze()
        async with house.engine():
            config = uvicorn_config(house.asgi)
            await Server(config, ready, house.streams.stop).serve(sockets=[listener])


def _ready(settings: Settings, listener: socket.socket, url: str, has_keys: bool) -> Iterator[str]:
    everywhere = ", listening on every interface" if is_everywhere(listener) else ""
    yield f"Ostiary is ready at {url}{everywhere}  (data in {settings.data_dir})"
    if not has_keys:
        yield "next: ostiary api-keys create --workspace sandbox --name laptop"


def _settle_memory() -> None:
    """Large answers come from the heap instead of fresh mappings each time. Only for speed, on glibc."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        m_mmap_threshold, m_trim_threshold, size = -3, -1, 64 * 1024 * 1024
        mallopt(m_mmap_threshold, size)
        mallopt(m_trim_threshold, size)

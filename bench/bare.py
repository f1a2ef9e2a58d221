"""
The limit: the server that Ostiary runs on, with the same settings, and nothing behind it.

`python -m bench.bare ANSWERS` answers each path with the bytes that the JSON file ANSWERS gives for it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from ostiary.cli.serve import Server, listen, local_url, uvicorn_config, uvloop_runner


def constant(answers: dict[str, str]) -> Any:
    """An ASGI application that looks at nothing but the path."""
    known = {path: body.encode() for path, body in answers.items()}
    heads = {
        path: [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        for path, body in known.items()
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        await send({"type": "http.response.start", "status": 200, "headers": heads[path]})
        await send({"type": "http.response.body", "body": known[path]})

    return app


async def _serve(answers: dict[str, str]) -> None:
    listener = listen("127.0.0.1", 0)
    ready = json.dumps({"url": local_url("127.0.0.1", listener)})
    await Server(uvicorn_config(constant(answers)), ready).serve(sockets=[listener])


def main() -> None:
    answers = json.loads(Path(sys.argv[1]).read_text())
    with uvloop_runner() as runner:
        runner.run(_serve(answers))


if __name__ == "__main__":
    main()

"""
The limit: the server that Ostiary runs on, with the same settings, and nothing behind it.

`python -m bench.bare ANSWERS` reads each request and answers its path with the header lines and the bytes
that the JSON file ANSWERS has for it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ostiary.cli.serve import Server, listen, local_url, uvicorn_config, uvloop_runner


def constant(answers: dict[str, Any]) -> Any:
    """An ASGI application that looks at nothing but the path."""
    bodies = {path: answer["body"].encode() for path, answer in answers.items()}
    heads = {
        path: [(name.encode(), value.encode()) for name, value in answer["headers"]]
        for path, answer in answers.items()
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": heads[path]})
        await send({"type": "http.response.body", "body": bodies[path]})

    return app


async def _serve(answers: dict[str, Any]) -> None:
    listener = listen("127.0.0.1", 0)
    ready = json.dumps({"url": local_url("127.0.0.1", listener)})
    await Server(uvicorn_config(constant(answers)), ready).serve(sockets=[listener])


def main() -> None:
    answers = json.loads(Path(sys.argv[1]).read_text())
    with uvloop_runner() as runner:
        runner.run(_serve(answers))


if __name__ == "__main__":
    main()

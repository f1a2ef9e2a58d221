"""
The front door for operators: `ostiary --help`.

Every command that answers with data takes `--json` and then prints exactly one JSON document. Exit codes:
0 done, 1 failed, 2 wrong usage.
"""

import os
import sys
from typing import Final

from .errors import Failed
from .main import app

FAILED: Final = 1


def main() -> None:
    """Entry point of the `ostiary` command."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # `ostiary … | head`: nobody reads on, and at the end Python would flush again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Failed as error:
        print(f"ostiary: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


__all__ = ["main"]

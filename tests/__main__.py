"""
`python -m tests`, which `make test` calls: what the tests need beside Python, then pytest.

What is missing on the machine (a browser, Node) leaves tests out; the summary says which and how to get
them, and with `CI` set that is a failure.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WORKERS = "4"  # of which two mostly wait, for processes that are killed and for browsers
SIDE_BY_SIDE = ("-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder")
JAVASCRIPT = Path(__file__).parent / "conformance" / "js"


def main() -> int:
    if shutil.which("npm") and not (JAVASCRIPT / "node_modules" / ".package-lock.json").exists():
        print("installing the official JavaScript SDKs and types", flush=True)
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=JAVASCRIPT, check=True
        )
    given = sys.argv[1:]
    return pytest.main(given or [*SIDE_BY_SIDE])


if __name__ == "__main__":
    sys.exit(main())

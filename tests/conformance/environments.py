"""Python environments of their own, for what cannot live next to what the tests themselves need."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".venv/bin/uv"


def python_with(name: str) -> Path:
    """The interpreter that has `requirements/<name>.txt`; made once, and anew when that file changes."""
    requirements = ROOT / f"requirements/{name}.txt"
    home = ROOT / f".venv-{name}"
    python, stamp = home / "bin/python", home / "requirements.txt"
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return python
    if not UV.exists():
        pytest.skip("other versions of packages are installed with uv, which `make test` sets up")
    install = [UV, "pip", "install", "--quiet", "--require-hashes", "--requirement", requirements]
    for command in ([UV, "venv", "--quiet", "--clear", "--python", sys.executable, home],
                    [*install, "--python", python]):  # fmt: skip
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    stamp.write_bytes(requirements.read_bytes())
    return python

"""`python -m ostiary`."""

from .cli import main

main()

"""`python -m ostiary.store.statements`, which `make sql` calls: write the files of compiled statements."""

from typing import get_args

from ..sql import Dialect, compiled_file
from . import compile_all

for dialect in get_args(Dialect):
    compiled_file(dialect).write_text(compile_all(dialect))

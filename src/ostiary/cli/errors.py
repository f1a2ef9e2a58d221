"""How a command fails: one sentence for the person, exit code 1."""

from collections.abc import Iterator
from contextlib import contextmanager


class Failed(Exception):
    """Says what went wrong and what to do next."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a person can mend into `Failed`."""
    from ..domain.errors import ApiError
    from ..settings import SettingsError
    from ..store.schema import SchemaError
    from ..store.vault import VaultError

    try:
        yield
    except ApiError as error:
        raise Failed(error.message) from error
    except (SettingsError, SchemaError, VaultError) as error:
        raise Failed(str(error)) from error

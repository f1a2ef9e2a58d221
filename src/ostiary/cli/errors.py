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
    from ..store.opening import AlreadyServed, DatabaseError, plain_words
    from ..store.schema import SchemaError
    from ..store.vault import VaultError

    try:
        yield
    except ApiError as error:
        raise Failed(error.message) from error
    except (SettingsError, SchemaError, VaultError, AlreadyServed) as error:
        raise Failed(str(error)) from error
    except DatabaseError as error:
        raise Failed(f"the database: {error}") from error
    except OSError as error:
        if error.filename is None:
            raise
        words = f"{error.filename}: {error.strerror}; see that it is there, and to whom it belongs"
        raise Failed(words) from error
    except Exception as error:
        of_driver = plain_words(error)
        if of_driver is None:
            raise
        raise Failed(f"the database: {of_driver}") from error

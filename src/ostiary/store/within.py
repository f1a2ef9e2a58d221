"""What a client session may see, kept to in the statements themselves."""

from typing import Any

from .sql import Run, Statement, text_list
from .tx import Tx


class Within:
    """
    A tenant's statement by its name: over everything in the workspace or, in a transaction with a reach, over
    what lies within it.

    Every statement that reads from a workspace for its callers is one of these; a test names the exceptions.
    """

    def __init__(self, name: str, *, is_standing: bool = False) -> None:
        self._all = Statement(name, is_standing=is_standing)
        self._within = Statement(f"{name}_within")

    def __call__(self, tx: Tx, **params: Any) -> Run:
        reach = tx.reach
        if reach is None:
            return self._all(**params)
        params["reach_accounts"] = text_list(sorted(reach.accounts))
        params["reach_webviews"] = text_list(sorted(reach.webviews))
        return self._within(**params)

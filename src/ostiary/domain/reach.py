"""How far a caller sees into its workspace."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reach:
    """
    What a client session may see: its accounts with all that belongs to them, and its webviews.

    To it everything else in the workspace does not exist.
    """

    accounts: frozenset[str]
    webviews: frozenset[str]

    def includes(self, connected_account_id: str | None, connect_webview_id: str | None = None) -> bool:
        """Whether something of that account, or of that webview as long as there is no account, is seen."""
        if connected_account_id is not None:
            return connected_account_id in self.accounts
        return connect_webview_id in self.webviews

    def within(self, other: "Reach") -> "Reach":
        """What both see."""
        return Reach(self.accounts & other.accounts, self.webviews & other.webviews)


NOTHING: Final = Reach(frozenset(), frozenset())

"""What a transaction has to say about access codes; `store.evidence` writes it down before the commit."""

from ..domain.access_codes import AccessCode
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.evidence import SYSTEM, Actor, Kind, Note, View


class Ledger:
    """
    Collected in a `Tx`. Every code that is stored gets in by itself; call sites add what only they know.

    Attributes:
        actor: Who asked for this transaction.
        cause: The kind of entry for what is noted nowhere.
        codes: As they were last stored or shown here; None: to be read.
        made: Those that were not there before.
        views: By device, where somebody has read it anyway.
    """

    __slots__ = ("actor", "cause", "codes", "made", "notes", "views")

    def __init__(self) -> None:
        self.actor: Actor = SYSTEM
        self.cause: Kind = "told"
        self.codes: dict[str, AccessCode | None] = {}
        self.made: set[str] = set()
        self.notes: dict[str, list[Note]] = {}
        self.views: dict[str, View] = {}

    def touch(self, code: AccessCode) -> None:
        """Its state may be another than its last entry says. It costs a read; an entry only if it is."""
        self.codes[code.access_code_id] = code

    def make(self, code: AccessCode) -> None:
        self.made.add(code.access_code_id)
        self.codes[code.access_code_id] = code

    def note(self, access_code_id: str, note: Note) -> None:
        """An entry for it, whatever else happens."""
        self.notes.setdefault(access_code_id, []).append(note)
        self.codes.setdefault(access_code_id, None)

    def know(self, device: Device, account: ConnectedAccount) -> None:
        """Saves a read, where both are at hand and stay as they are."""
        self.views[device.device_id] = View(device.can, not account.is_disconnected)

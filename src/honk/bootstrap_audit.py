"""Names what keeps the audit log's head, beside `bootstrap`, which names everything else."""

import shlex
from pathlib import Path

from honk.config import Settings
from honk.store.anchor import CommandAnchor, FileAnchor
from honk.store.audit import Anchor


def anchor_of(settings: Settings) -> Anchor | None:
    """The anchor of the installation's choice; None where there is only the one beside the database."""
    kind, _, rest = settings.audit.anchor.partition(":")
    match kind:
        case "file":
            return FileAnchor(Path(rest), is_later=True)
        case "command":
            return CommandAnchor(shlex.split(rest))
    return None


def anchor_place(settings: Settings) -> str:
    """Where that is, for people; empty where it is only beside the database."""
    found = anchor_of(settings)
    is_beside = isinstance(found, FileAnchor) and Path(found.place).is_relative_to(settings.home)
    return found.place if found is not None and not is_beside else ""

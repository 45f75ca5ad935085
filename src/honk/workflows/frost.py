"""A frozen state folder: nothing goes out of it, in any process, until somebody lifts that."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.standing import INSTALLATION, Frost
from honk.store import Events

FLAG = "frozen"
"""A file in the state folder; while it is there, every outward act refuses."""
_RESTORE = "restored"
"""In the place of a name, where nobody froze it but a restore."""


class Frozen(UsageError):
    """Nothing was done, for the state folder is frozen."""


def freeze(home: Path, why: str, who: str | None = None) -> Frost:
    """Outward acts refuse from now on, in every process, by this person or by a restore (None). Frozen already: it
    stays as it is."""
    told = {"why": why, "since": now().isoformat(), "who": who or _RESTORE, "is_restored": who is None}
    text = json.dumps(told) + "\n"
    half = home / f"{FLAG}.{new_id(6)}.part"
    half.write_text(text)
    try:
        os.link(half, home / FLAG)
    except FileExistsError:
        pass
    finally:
        half.unlink()
    found = frost_of(home)
    return found if found is not None else freeze(home, why, who)


def frost_of(home: Path) -> Frost | None:
    """Why, since when and by whom it is frozen; None where it is not. A flag that cannot be read freezes as well."""
    try:
        text = (home / FLAG).read_text()
    except FileNotFoundError:
        return None
    except OSError:
        text = ""
    try:
        told = json.loads(text)
        since = datetime.fromisoformat(str(told["since"]))
        who = str(told.get("who", _RESTORE))
        is_restored = bool(told.get("is_restored", who == _RESTORE))  # flags of before do not say it
        return Frost(why=str(told["why"]), since=since, who=who, is_restored=is_restored)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Frost(why="by hand", since=datetime.fromtimestamp(0, UTC), who="somebody", is_restored=False)


def is_frozen(home: Path) -> bool:
    """Whether outward acts refuse."""
    return (home / FLAG).exists()


def melt(home: Path) -> None:
    """Outward acts go through again."""
    (home / FLAG).unlink(missing_ok=True)


def refuse_frozen(home: Path) -> None:
    """Raises:
    Frozen: the state folder is frozen.
    """
    if (frost := frost_of(home)) is None:
        return
    if frost.is_restored:
        raise Frozen(
            f"{home} was restored from a backup and is frozen: nothing is begun, pushed, merged or closed. "
            "honk thaw compares it with what exists outside, tells the differences, and lets go."
        )
    raise Frozen(
        f"Honk is frozen ({words_of(frost)}): nothing is begun, pushed, merged or asked of a model, and nothing is "
        "lost. An administrator lifts it: honk thaw"
    )


def words_of(frost: Frost) -> str:
    """Who, when and why, in a few words."""
    why = f": {frost.why}" if frost.why else ""
    return f"by {frost.who} at {frost.since:%Y-%m-%d %H:%M} UTC{why}"


async def tell_freezing(events: Events, frost: Frost) -> None:
    """For the record, once however many notice it."""
    body = {"who": frost.who, "why": frost.why, "since": frost.since.isoformat()}
    await events.append(INSTALLATION, "frozen", body, f"frozen:{frost.since.isoformat()}")


async def tell_thawing(events: Events, frost: Frost, who: str) -> None:
    """For the record: what was lifted, and by whom."""
    body = {"who": who, "why": frost.why, "since": frost.since.isoformat(), "frozen_by": frost.who}
    await events.append(INSTALLATION, "thawed", body, f"thawed:{frost.since.isoformat()}")

"""Chooses the uid that Honk works as when root starts it, and gives it a home."""

import grp
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from honk.base.errors import PlatformError

_WANTED = "HONK_UID"
_FIRST, _LAST = 64123, 64143
"""Numbers that no distribution hands out."""
_HIGHEST = (1 << 32) - 3
_RANGES = (Path("/etc/subuid"), Path("/etc/subgid"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUser:
    """Whom Honk works as."""

    uid: int
    gid: int


def choose_user(home: Path, environ: Mapping[str, str]) -> ServiceUser:
    """The owner of the home, else the uid in HONK_UID, else a number that is nobody's.

    Raises:
        PlatformError: HONK_UID is root, somebody's, or no number; or there is no free number.
    """
    if home.exists() and (found := home.stat()).st_uid != 0:
        if found.st_gid == 0:
            raise PlatformError(f"{home} belongs to group 0. Run `chown {found.st_uid}:{found.st_uid} {home}`.")
        return ServiceUser(uid=found.st_uid, gid=found.st_gid)
    ranges = _delegated()
    if (wanted := environ.get(_WANTED)) is not None:
        if not wanted.isdecimal() or not 0 < int(wanted) <= _HIGHEST:
            raise PlatformError(f"{_WANTED}={wanted} is no uid that Honk may work as (a number, not 0).")
        if (why := _taken(int(wanted), ranges)) is not None:
            raise PlatformError(
                f"{_WANTED}={wanted} {why}. Choose a number that is nobody's, or make {home} and give it to that user."
            )
        return ServiceUser(uid=int(wanted), gid=int(wanted))
    for number in range(_FIRST, _LAST):
        if _taken(number, ranges) is None:
            return ServiceUser(uid=number, gid=number)
    raise PlatformError(f"Every uid from {_FIRST} to {_LAST} is somebody's. Set {_WANTED} to a free one.")


def prepare_home(home: Path, user: ServiceUser) -> None:
    """Make the home, for the user alone.

    Raises:
        PlatformError: it is root's and holds something, which might be anything.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        if home.stat().st_uid == user.uid:
            return
        if any(home.iterdir()):
            raise PlatformError(
                f"{home} belongs to root and is not empty. Empty it, give it to the user that Honk is to work as "
                f"(chown -R {user.uid}:{user.gid} {home}), or set HONK_HOME. Nothing was begun."
            )
        home.chmod(0o700)
        os.chown(home, user.uid, user.gid)
    except OSError as error:
        raise PlatformError(f"{home} cannot be made: {error.strerror}. Set HONK_HOME. Nothing was begun.") from error


def _taken(number: int, ranges: tuple[range, ...]) -> str | None:
    """Why the number is not free; None where it is."""
    for lookup, what in ((pwd.getpwuid, "is the account"), (grp.getgrgid, "is the group")):
        try:
            return f"{what} {lookup(number)[0]}"
        except KeyError:
            continue
    if any(number in found for found in ranges):
        return "lies in a range of subordinate ids"
    return None


def _delegated() -> tuple[range, ...]:
    """The ranges that users may map into containers."""
    found = []
    for path in _RANGES:
        for line in path.read_text().splitlines() if path.exists() else ():
            fields = line.split(":")
            if len(fields) == 3 and fields[1].isdecimal() and fields[2].isdecimal():
                found.append(range(int(fields[1]), int(fields[1]) + int(fields[2])))
    return tuple(found)

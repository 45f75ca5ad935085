"""`as_service.py PROGRAM ARGS...`: runs it as the unprivileged test uid when we are root, else simply runs it."""

import os
import stat
import sys
from pathlib import Path

from honk.base.errors import PlatformError
from honk.base.privilege import become
from honk.workspace.ecosystems import table
from honk.workspace.toolchains import prefixes

TEST_UID = 64123
CHECKOUT = Path(__file__).resolve().parent.parent
KEPT = (
    *("CI", "TERM", "COLUMNS", "NO_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY"),
    *("PIP_CERT", "PIP_CONFIG_FILE", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"),
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_NO_INDEX"),
    "CARGO_REGISTRIES_CRATES_IO_INDEX",
    "HONK_ACCEPTANCE_CACHE",
    "HONK_ACCEPTANCE_SHELF",
)
"""What the tests keep of the environment: the terminal, where packages come from, and where fetched ones lie.

No key, no setting of Honk.
"""
OF_A_USER = ("HOME", "TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")


def main() -> None:
    """Execute the program; never returns."""
    argv = sys.argv[1:]
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | kept(KEPT)
    if os.geteuid() != 0:
        os.execve(argv[0], argv, env | kept(OF_A_USER) | {"USER": f"uid-{os.geteuid()}"})
    home = own_home()
    # pytest calls its folder below /tmp by USER: one name for every uid without an account would be one folder for all.
    env |= {"USER": f"uid-{TEST_UID}", "HOME": str(home), "HONK_STARTED_BY_ROOT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    complain_of_closed_files()
    shown = prefixes(env["PATH"], table.programs())
    env["PATH"] = os.pathsep.join((env["PATH"], *(f"{prefix}/bin" for prefix in shown)))
    needed = [CHECKOUT, Path(sys.base_prefix), Path(sys.executable).resolve().parent, *shown]
    try:
        become(TEST_UID, TEST_UID, read=needed, write=[home], argv=argv, env=env)
    except PlatformError as error:
        sys.exit(f"as_service: {error}")


def kept(names: tuple[str, ...]) -> dict[str, str]:
    """Those of the variables that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def own_home() -> Path:
    """A home for the uid; refuses one that somebody else laid there."""
    home = Path(f"/tmp/honk-test-{TEST_UID}")
    home.mkdir(mode=0o700, exist_ok=True)
    found = home.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, TEST_UID):
        sys.exit(f"as_service: {home} belongs to uid {found.st_uid}; remove it, it is where the tests have their home")
    os.chown(home, TEST_UID, TEST_UID, follow_symlinks=False)
    return home


def complain_of_closed_files() -> None:
    """A closed directory above is no obstacle (`become` walks round it); files closed by the umask are."""
    for path in (CHECKOUT, CHECKOUT / "pyproject.toml", CHECKOUT / "src" / "honk" / "__init__.py"):
        wanted = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
        if path.stat().st_mode & wanted != wanted:
            sys.exit(
                f"as_service: {path} is closed to others, and started by root the tests run as uid {TEST_UID}. "
                f"`chmod -R go+rX {CHECKOUT}` mends it (a clone made under umask 022 has no such trouble)."
            )


if __name__ == "__main__":
    main()

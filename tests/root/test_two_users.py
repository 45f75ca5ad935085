"""Two people of one machine, each with a state folder of their own: neither sees or disturbs the other."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import CALC, OLD, RIGHT, git, make_repository

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two other people"),
]
ONE, OTHER = 64741, 64742
CHECKOUT = Path(__file__).resolve().parents[2]
AS_USER = """
import os, sys
from pathlib import Path
from honk.base.privilege import become
uid, home, checkout, *argv = sys.argv[1:]
os.chdir(home)
read = [Path(checkout), Path(sys.base_prefix), Path(sys.executable).resolve().parent]
env = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", **dict(word.split("=", 1) for word in argv[:1])}
become(int(uid), int(uid), read=read, write=[Path(home)], argv=argv[1:], env=env)
"""
AGENT = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""


@pytest.fixture
def homes() -> Iterator[dict[int, Path]]:
    """Their homes, each with a repository."""
    place = Path(tempfile.mkdtemp(prefix="honk-users-"))
    place.chmod(0o755)
    made = {uid: place / str(uid) for uid in (ONE, OTHER)}
    for uid, home in made.items():
        home.mkdir(mode=0o700)
        make_repository(home / "calc", CALC)
        for path in (home, *home.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
    yield made
    shutil.rmtree(place)


async def honk(uid: int, home: Path, *words: str, setting: str = "NO_COLOR=1") -> tuple[int, str, str]:
    """`honk WORDS` by that person."""
    program = (str(Path(sys.executable).with_name("honk")), *words)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", AS_USER, str(uid), str(home), str(CHECKOUT), setting, *program,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_two_people_work_at_once_and_neither_disturbs_the_other(homes: dict[int, Path]) -> None:
    async with asyncio.TaskGroup() as group:
        runs = {
            uid: group.create_task(
                honk(uid, home, "run", "Make add() add", "--repo", "calc", "--json", "--agent", AGENT)
            )
            for uid, home in homes.items()
        }
    for uid, home in homes.items():
        code, out, errors = runs[uid].result()
        assert code == 0, errors
        branch = json.loads(out.splitlines()[-1])["branch"]
        ours = git(
            home / "calc", "-c", "safe.directory=*", "for-each-ref", "--format=%(refname:short)", "refs/heads/honk"
        )
        assert ours == branch
        state = home / ".local" / "state" / "honk"
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        assert {path.lstat().st_uid for path in home.rglob("*")} == {uid}
        left = [path for path in Path(tempfile.gettempdir()).iterdir() if path.lstat().st_uid == uid]
        assert left == [], "below /tmp nothing of theirs could meet"


async def test_somebody_else_s_state_folder_is_refused_and_a_folder_of_one_s_own_is_closed(
    homes: dict[int, Path], tmp_path: Path
) -> None:
    shared = homes[ONE].parent / "shared"
    shared.mkdir(mode=0o777)
    shared.chmod(0o777)
    os.chown(shared, ONE, ONE)
    code, _, errors = await honk(OTHER, homes[OTHER], "task", "list", setting=f"HONK_HOME={shared}")
    assert (code, list(shared.iterdir())) == (2, []), errors
    assert f"belongs to uid {ONE}" in errors
    assert (await honk(ONE, homes[ONE], "task", "list", setting=f"HONK_HOME={shared}"))[0] == 0
    assert stat.S_IMODE(shared.stat().st_mode) == 0o700
    closed = homes[ONE] / ".local" / "state" / "honk"
    code, _, errors = await honk(OTHER, homes[OTHER], "task", "list", setting=f"HONK_HOME={closed}")
    assert code == 2, errors

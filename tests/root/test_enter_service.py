"""A start by root: the work is done without root's rights, the repository is read and written with its owner's."""

import json
import os
import signal
from pathlib import Path

import pytest
from tests.root.starts import OWNER, git, repository, run, start

from honk.base.errors import PlatformError
from honk.workspace.porter import child_environment, named_roots
from honk.workspace.service_user import choose_user, prepare_home

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root's rights up"),
]

CHILD = """\
import asyncio, json, os, sys, tempfile
from pathlib import Path
from honk.base.git import init_bare
from honk.workspace.porter_source import adopt_porter, handed_key

async def main():
    source = adopt_porter(os.environ, Path(os.environ["HONK_HOME"]))
    root = Path(sys.argv[-1])
    facts = await source.describe(root, None)
    ours = await init_bare(Path(os.environ["HONK_HOME"]) / "ours.git")
    who = {f"GIT_{r}_{f}": "h@h" for r in ("AUTHOR", "COMMITTER") for f in ("NAME", "EMAIL")}
    with tempfile.TemporaryFile() as pack:
        await source.export(facts.root, facts.base_sha, [], pack)
        pack.seek(0)
        (await ours("index-pack", "--stdin", stdin_fd=pack.fileno())).must("index-pack")
    sha = await ours.line("commit-tree", facts.base_sha + "^{tree}", "-p", facts.base_sha, "-m", "x", env=who)
    with tempfile.TemporaryFile() as pack:
        done = await ours("pack-objects", "--revs", "--stdout", "-q", stdin=f"{sha}\\n^{facts.base_sha}\\n".encode(),
                          stdout_fd=pack.fileno())
        done.must("pack-objects")
        pack.seek(0)
        await source.import_branch(facts.root, "honk/x-1", sha, pack)
    try:
        os.listdir(root)
        reads = True
    except OSError:
        reads = False
    print(json.dumps({"uids": os.getresuid(), "groups": os.getgroups(), "env": sorted(os.environ), "sha": sha,
                      "key": handed_key(os.environ), "again": handed_key(os.environ), "reads": reads,
                      "asker": facts.asker.name, "session": os.getsid(0) == os.getpid()}))

asyncio.run(main())
"""


def told(home: Path, root: Path) -> dict[str, object]:
    code, out = run(home, CHILD, "run", f"--repo={root}", str(root))
    assert code == 0
    return json.loads(out)  # type: ignore[no-any-return]


def test_a_repository_in_a_closed_home_is_served_to_a_child_without_rights(place: Path, home: Path) -> None:
    root = repository(place / "repo")
    seen = told(home, root)
    uid = home.stat().st_uid
    assert uid != 0
    assert seen["uids"] == [uid, uid, uid]
    assert seen["groups"] == []
    assert not seen["reads"], "the child itself must not reach the repository"
    assert seen["asker"] == "Ada"
    assert git(root, "rev-parse", "honk/x-1") == seen["sha"]
    assert (root / ".git/refs/heads/honk/x-1").stat().st_uid == 0


def test_the_key_comes_once_by_an_open_file_and_never_in_the_environment(place: Path, home: Path) -> None:
    seen = told(home, repository(place / "repo"))
    assert (seen["key"], seen["again"]) == ("made-up", None)
    assert not {"ANTHROPIC_API_KEY", "SECRET_TOKEN", "HOME"} & set(seen["env"])  # type: ignore[call-overload]
    assert seen["session"]


def test_what_is_added_to_somebody_s_repository_belongs_to_them(place: Path, home: Path) -> None:
    place.chmod(0o755)
    root = repository(place / "repo", OWNER)
    canary = place / "canary"
    git(root, "config", "core.fsmonitor", f"touch {canary}")
    os.chown(root / ".git/config", OWNER, OWNER)
    seen = told(home, root)
    assert git(root, "rev-parse", "honk/x-1") == seen["sha"]
    assert {path.lstat().st_uid for path in root.rglob("*")} == {OWNER}
    assert not canary.exists()


def test_somebody_s_repository_in_root_s_own_home_is_read_with_nothing_of_it_run(place: Path, home: Path) -> None:
    root = repository(place / "repo", OWNER)
    canary = place / "canary"
    git(root, "config", "core.fsmonitor", f"touch {canary}")
    git(root, "config", "filter.x.clean", f"touch {canary}; cat")
    (root / ".gitattributes").write_text("* filter=x\n")
    (root / "README.md").write_text("hellO\n")
    told(home, root)
    assert not canary.exists()


def test_a_repository_that_no_word_named_is_refused(place: Path, home: Path) -> None:
    named, other = repository(place / "named"), repository(place / "other")
    code, _ = run(home, CHILD.replace("sys.argv[-1]", repr(str(other))), "--repo", str(named))
    assert code == 1
    assert git(other, "branch", "--list", "honk/*") == ""


@pytest.mark.parametrize(
    ("child", "code"),
    [
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("open('/etc/shadow'); raise SystemExit(3)", 1),
    ],
)
def test_the_exit_code_is_the_child_s(home: Path, child: str, code: int) -> None:
    assert run(home, child)[0] == code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_reach_the_child(home: Path, number: signal.Signals, code: int) -> None:
    child = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print('up', flush=True); signal.pause()"
    parent = start(home, child)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    parent.send_signal(number)
    assert parent.wait(timeout=30) == code
    parent.stdout.close()


def test_the_uid_is_the_home_s_owner_s_or_nobody_s(home: Path) -> None:
    os.chown(home, OWNER, OWNER)
    assert choose_user(home, {"HONK_UID": "0"}).uid == OWNER
    os.chown(home, 0, 0)
    assert choose_user(home, {"HONK_UID": "64321"}).uid == 64321
    assert choose_user(home, {}).uid >= 64123
    for wrong in ("0", "-1", "root", "1", "65534", str(1 << 33)):
        with pytest.raises(PlatformError):
            choose_user(home, {"HONK_UID": wrong})


def test_a_home_of_root_s_that_holds_something_is_not_given_away(home: Path) -> None:
    (home / "precious").touch()
    with pytest.raises(PlatformError, match="not empty"):
        prepare_home(home, choose_user(home, {}))
    assert home.stat().st_uid == 0


def test_only_named_repositories_are_served(place: Path) -> None:
    repo, other = repository(place / "repo"), repository(place / "other")
    (repo / "src").mkdir()
    assert named_roots(["run", "fix /x", "--repo=../other"], repo / "src") == {repo}
    assert named_roots(["run", "--repo=../other"], repo) == {repo, other}
    assert named_roots(["run", "\0", "x" * 5000], place) == set()


def test_the_child_s_environment_is_a_short_list() -> None:
    given = {"PATH": "/bin", "HONK_HOME": "/h", "LD_PRELOAD": "x", "PYTHONPATH": "y", "ANTHROPIC_API_KEY": "z"}
    index = {"UV_DEFAULT_INDEX": "https://packages.example/simple"}
    assert child_environment(given | index) == {"PATH": "/bin", "HONK_HOME": "/h", **index}


FINDS_GO = """\
import os, shutil, subprocess, sys
go = shutil.which("go")
print(subprocess.run([go], capture_output=True, text=True).stdout.strip(), sorted(os.listdir(sys.argv[-1])))
try:
    open(go, "a")
except OSError as error:
    print(error.strerror)
"""


def test_a_toolchain_in_a_closed_home_is_at_hand_and_nothing_beside_it(
    place: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = place / "versions" / "go" / "bin" / "go"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho here\n")
    program.chmod(0o777)
    (place / "secret").write_text("x")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    code, out = run(home, FINDS_GO, "run", str(place))
    assert (code, out) == (0, "here ['versions']\nRead-only file system\n")

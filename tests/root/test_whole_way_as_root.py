"""From root's closed repository through a sandbox and back as a branch, with no step done by root but two."""

import json
import os
from pathlib import Path

import pytest
from tests.root.starts import git, repository, run

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root's rights up"),
]
CHILD = """\
import asyncio, json, os, sys, tempfile
from pathlib import Path
from honk.domain.task import Repository
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.packages import PackageShelf
from honk.testing.workspace_rules import MESSAGE, Blobs, sh
from honk.workspace.overlay import OverlayWorkspaces
from honk.workspace.porter_source import adopt_porter

async def main():
    home = Path(os.environ["HONK_HOME"])
    source = adopt_porter(os.environ, home)
    facts = await source.describe(Path(sys.argv[-1]), None)
    repository = Repository(repository_id=facts.repository_id, name=facts.name, location=str(facts.root))
    workspaces = OverlayWorkspaces(home, source, BubblewrapBackend(), PackageShelf(), Blobs().put)
    template = await workspaces.template(repository, facts.base_sha)
    environment = await workspaces.environment(template)
    async with workspaces.open(template, environment, name="one") as workspace:
        seen = await sh(workspace, "id -u; git log --format=%s; echo more >> README.md; python3 -c 'print(1)'")
        change = await workspace.collect(MESSAGE)
    async with workspaces.clean_room(template, environment, change, name="room") as room:
        clean = await sh(room, "cat README.md")
    with tempfile.TemporaryFile(dir=home) as pack:
        await workspaces.pack(repository, change.head_sha, [change.base_sha], pack)
        await source.import_branch(facts.root, "honk/one", change.head_sha, pack)
        advance = await source.advance(facts.root, facts.base_branch, change.base_sha, change.head_sha, pack)
    print(json.dumps({"seen": seen, "clean": clean, "advice": advance.advice, "sha": change.head_sha}))

asyncio.run(main())
"""


def test_a_change_goes_the_whole_way(place: Path, home: Path) -> None:
    root = repository(place / "repo")
    code, out = run(home, CHILD, "pr", "merge", str(root))
    assert code == 0
    told = json.loads(out)
    assert told["seen"] == "1000\nBegin\n1\n"
    assert told["clean"] == "hello\nmore\n"
    assert git(root, "show", "honk/one:README.md") == "hello\nmore"
    assert told["advice"].endswith(f"git -C {root} merge --ff-only {told['sha']}")
    assert (root / "README.md").read_text() == "hello\n"
    assert {path.stat().st_uid for path in home.rglob("*") if not path.is_symlink()} == {home.stat().st_uid}

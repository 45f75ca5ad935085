"""The fakes are ports too: they keep the promises that workflows rest on."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from honk.domain.task import Person, Repository
from honk.testing.workspace import FakeSource, FakeWorkspaces
from honk.workspace import CommitMessage, Source, SourceError, Workspaces

pytestmark = pytest.mark.anyio

FILES = {"a.py": "1\n", "b/c.txt": "2\n"}
ADA = Person(name="Ada", email="a@b")
MESSAGE = CommitMessage(subject="x", body="", author=ADA, committer=ADA, at=datetime(2026, 1, 1, tzinfo=UTC))
REPOSITORY = Repository(repository_id="fake", name="r", location="/person/repository")


async def test_a_fake_workspace_collects_what_differs_and_shows_it_in_a_clean_room(tmp_path: Path) -> None:
    workspaces: Workspaces = FakeWorkspaces(tmp_path, FILES)
    template = await workspaces.template(REPOSITORY, "0" * 40)
    environment = await workspaces.environment(template)
    async with workspaces.open(template, environment, name="one") as workspace:
        assert await workspace.collect(MESSAGE) is None
        await workspace.sandbox.run(["sh", "-c", "echo 3 > a.py; rm b/c.txt"], timeout_seconds=10)
        change = await workspace.collect(MESSAGE)
        assert await workspace.collect(MESSAGE) == change
    assert change is not None
    assert [file.path for file in change.files] == ["a.py", "b/c.txt"]
    assert await workspaces.tree(REPOSITORY, change.head_sha).files() == ("a.py",)
    async with workspaces.clean_room(template, environment, change, name="room") as room:
        assert (await room.sandbox.run(["cat", "a.py"], timeout_seconds=10)).text == "3\n"
    await workspaces.discard("one")
    async with workspaces.open(template, environment, name="one") as workspace:
        assert await workspace.collect(MESSAGE) is None


async def test_a_fake_source_takes_a_branch_once() -> None:
    source: Source = FakeSource(FILES)
    facts = await source.describe(Path("/person/repository"), None)
    with pytest.raises(SourceError):
        await source.describe(Path("/elsewhere"), None)
    for _ in range(2):
        await source.import_branch(facts.root, "honk/x", "1" * 40, io.BytesIO())
    with pytest.raises(SourceError, match="already"):
        await source.import_branch(facts.root, "honk/x", "2" * 40, io.BytesIO())
    assert not (await source.advance(facts.root, "main", facts.base_sha, "1" * 40, io.BytesIO())).has_moved

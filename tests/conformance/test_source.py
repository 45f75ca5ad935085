"""Every way to a person's repository against the rules of the port."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from honk.testing.person import PersonRepository
from honk.testing.source_rules import SOURCE_RULES, Ground, lay
from honk.workspace import Source, SourceError
from honk.workspace.porter import answer_all
from honk.workspace.porter_source import PorterSource
from honk.workspace.source import LocalSource

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@asynccontextmanager
async def local(root: Path) -> AsyncIterator[Source]:
    yield LocalSource()


@asynccontextmanager
async def porter(root: Path, *, may_advance: bool = True) -> AsyncIterator[Source]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        serving = asyncio.create_task(answer_all(ours, [root], may_advance=may_advance))
        yield PorterSource(theirs, own=root / "nowhere")
        theirs.shutdown(socket.SHUT_RDWR)
        await serving


@pytest.mark.parametrize("reach", [local, porter], ids=lambda reach: reach.__name__)
@pytest.mark.parametrize("rule", SOURCE_RULES, ids=lambda rule: rule.__name__)
async def test_source(
    rule: Callable[[Ground], Awaitable[None]], reach: Callable[[Path], "asynccontextmanager[Source]"], tmp_path: Path
) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    async with reach(person.root) as source:
        await rule(await lay(source, person, tmp_path / "ours.git"))


async def test_the_porter_touches_no_repository_that_was_not_named(tmp_path: Path) -> None:
    named = await PersonRepository.make(tmp_path / "named")
    other = await PersonRepository.make(tmp_path / "other")
    (named.root / "link").symlink_to(other.root)
    async with porter(named.root) as source:
        for path in (other.root, named.root / ".." / "other", named.root / "link"):
            with pytest.raises(SourceError, match="was not named"):
                await source.describe(path, None)
        assert (await source.describe(named.root / "src", None)).root == named.root


async def test_the_porter_moves_a_base_branch_only_for_a_merge(tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    head = await person.git("rev-parse", "HEAD")
    async with porter(person.root, may_advance=False) as source:
        with (tmp_path / "pack").open("w+b") as pack, pytest.raises(SourceError, match="no merge"):
            await source.advance(person.root, "main", head, head, pack)


async def test_a_porter_that_is_gone_is_told_to_the_person(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    with theirs, pytest.raises(SourceError, match="Start the command again"):
        await PorterSource(theirs, own=tmp_path / "nowhere").describe(tmp_path, None)

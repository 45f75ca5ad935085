"""What comes out of a sandbox is the agent's word: here it lies, and nothing of it enters the mirror."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from honk.base.git import Git, init_bare
from honk.domain.task import Repository
from honk.testing.person import PersonRepository
from honk.testing.workspace_rules import MESSAGE, Blobs
from honk.workspace import WorkspaceError
from honk.workspace.collect import Collector
from honk.workspace.mirror import Mirror, mirror_of
from honk.workspace.source import LocalSource

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@dataclass
class Liar:
    """A sandbox in which any program prints these bytes."""

    words: bytes

    async def written(self) -> None:
        return None

    async def spawn(self, *args: Any, **more: Any) -> "Liar":
        return self

    async def write(self, data: bytes) -> None: ...

    async def close_stdin(self) -> None: ...

    async def output(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.words), 7):
            yield self.words[at : at + 7]

    async def wait(self) -> int:
        return 0

    def stderr_tail(self) -> str:
        return ""

    async def kill(self) -> None: ...


@dataclass(frozen=True)
class Ground:
    mirror: Mirror
    base: str
    forge: Git
    """Where the lies are made; it has the base's objects too."""

    async def blob(self, content: bytes) -> str:
        return (await self.forge("hash-object", "-w", "--stdin", stdin=content)).must("git").text.strip()

    async def tree(self, *entries: tuple[str, str, str]) -> str:
        """A tree of (mode, object, name), written without a look at it."""
        raw = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(sha) for mode, sha, name in entries)
        made = await self.forge("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw)
        return made.must("git").text.strip()

    async def pack(self, *objects: str) -> bytes:
        listed = "".join(f"{name}\n" for name in objects).encode()
        return (await self.forge("pack-objects", "--stdout", "-q", stdin=listed)).must("git").stdout

    async def refusal(self, words: bytes) -> str:
        before = sorted(path for path in self.mirror.work.git_dir.rglob("*") if path.is_file())
        collector = Collector(
            mirror=self.mirror, base_sha=self.base, name="one", state=Path("/kept"), leftovers=b"", put_blob=Blobs().put
        )
        with pytest.raises(WorkspaceError) as refused:
            await collector.collect(Liar(words), MESSAGE)  # type: ignore[arg-type]
        assert sorted(path for path in self.mirror.work.git_dir.rglob("*") if path.is_file()) == before
        assert [path.name for path in self.mirror.directory.iterdir() if path.name.startswith("quarantine")] == []
        assert "/kept" in str(refused.value)
        return str(refused.value)


@pytest.fixture
async def ground(tmp_path: Path) -> Ground:
    person = await PersonRepository.make(tmp_path / "person")
    mirror = mirror_of(tmp_path / "home", Repository(repository_id="r", name="r", location=str(person.root)))
    base = await person.git("rev-parse", "HEAD")
    await mirror.fetch(LocalSource(), person.root, base)
    forge = await init_bare(tmp_path / "forge.git")
    return Ground(mirror, base, forge)


async def test_nonsense_is_refused(ground: Ground) -> None:
    for words in (b"", b"short", b"x" * 41, b"../../../../../../../../../../../../../\n", b"a" * 40 + b"\nnot a pack"):
        await ground.refusal(words)


@pytest.mark.parametrize("name", [".git", ".GIT", "..", ".", "", "a/b", "git~1"])
async def test_a_tree_that_would_write_elsewhere_is_refused(ground: Ground, name: str) -> None:
    blob = await ground.blob(b"[core]\n")
    tree = await ground.tree(("100644", blob, name))
    await ground.refusal(f"{tree}\n".encode() + await ground.pack(tree, blob))


async def test_a_hidden_repository_deep_inside_is_refused(ground: Ground) -> None:
    blob = await ground.blob(b"[core]\n")
    inner = await ground.tree(("100644", blob, "config"))
    tree = await ground.tree(("40000", await ground.tree(("40000", inner, ".Git")), "deep"))
    middle = await ground.tree(("40000", inner, ".Git"))
    await ground.refusal(f"{tree}\n".encode() + await ground.pack(tree, middle, inner, blob))


async def test_a_submodule_with_a_command_for_a_path_is_refused(ground: Ground) -> None:
    modules = await ground.blob(b'[submodule "x"]\n\tpath = -u./run\n\turl = --upload-pack=touch x\n')
    tree = await ground.tree(("100644", modules, ".gitmodules"))
    assert "gitmodules" in await ground.refusal(f"{tree}\n".encode() + await ground.pack(tree, modules))
    linked = await ground.tree(("160000", ground.base, "module"))
    assert "repository inside" in await ground.refusal(f"{linked}\n".encode() + await ground.pack(linked))


async def test_a_pack_that_lacks_an_object_is_refused(ground: Ground) -> None:
    tree = await ground.tree(("100644", await ground.blob(b"never sent"), "file"))
    await ground.refusal(f"{tree}\n".encode() + await ground.pack(tree))


async def test_a_name_that_is_no_tree_is_refused(ground: Ground) -> None:
    blob = await ground.blob(b"a blob")
    await ground.refusal(f"{blob}\n".encode() + await ground.pack(blob))

"""The files of a commit, read from the mirror: listed once where all are asked for, and each content fetched once."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from honk.base.git import FEW_PATHS, Git
from honk.base.subprocess import Completed
from honk.domain.task import Repository
from honk.workspace import WorkspaceError
from honk.workspace.mirror import mirror_of

KEPT_BYTES = 4 << 20
"""Contents remembered of one commit; what is beyond is fetched again."""
KEPT_TREES = 6
PORTION_BYTES = 64 << 20
"""Of contents that are fetched by one program."""
_REGULAR = frozenset({"100644", "100755", "100664"})


@dataclass(frozen=True, slots=True)
class _Blob:
    """A regular file's content, by its name in git."""

    name: str
    size: int


class MirrorTree:
    """Implements `Tree`. A commit never changes, so what was read of it stays true."""

    def __init__(self, git: Git, sha: str) -> None:
        self._git, self._sha = git, sha
        self._entries: Mapping[str, str] | None = None
        """What git says of every path: read only where it is asked for, for there may be many."""
        self._looked_up: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}
        self._kept_bytes = 0

    @property
    def sha(self) -> str:
        return self._sha

    async def files(self) -> tuple[str, ...]:
        return tuple(await self._listed())

    async def read(self, path: str, max_bytes: int = 1 << 20) -> bytes | None:
        return (await self.read_all((path,), max_bytes)).get(path)

    async def read_all(self, paths: Iterable[str], max_bytes: int = 1 << 20) -> Mapping[str, bytes]:
        asked = tuple(dict.fromkeys(paths))
        entries = await self._found(asked) if len(asked) <= FEW_PATHS else await self._listed()
        found = {path: _blob(entries.get(path, "")) for path in asked}
        wanted = {path: blob for path, blob in found.items() if blob is not None and blob.size <= max_bytes}
        names = {blob.name for blob in wanted.values()}
        contents = {name: self._contents[name] for name in names if name in self._contents}
        sizes = {blob.name: blob.size for blob in wanted.values() if blob.name not in contents}
        for some in _portions(sizes):
            contents |= await self._fetched(some)
        return {path: contents[blob.name] for path, blob in wanted.items()}

    async def _listed(self) -> Mapping[str, str]:
        """Every path, sorted."""
        if self._entries is None:
            found = _entries(await self._git("ls-tree", "-r", "-z", "-l", "--full-tree", self._sha))
            self._entries = {path: found[path] for path in sorted(found)}
        return self._entries

    async def _found(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Those of the paths that are there, without a listing of all the others."""
        if self._entries is not None:
            return self._entries
        if new := [path for path in paths if path and path not in self._looked_up]:
            options = ("-z", "-l", "--full-tree", self._sha, "--", *new)
            found = _entries(await self._git("--literal-pathspecs", "ls-tree", *options))
            self._looked_up |= {path: found.get(path, "") for path in new}
        return self._looked_up

    async def _fetched(self, names: Iterable[str]) -> Mapping[str, bytes]:
        asked = "".join(f"{name}\n" for name in names).encode()
        output = (await self._git("cat-file", "--batch", stdin=asked)).must("git cat-file").stdout
        contents, at = {}, 0
        for name in names:
            end = output.index(b"\n", at)
            size = _size_of(output[at:end], self._git)
            contents[name] = output[end + 1 : end + 1 + size]
            at = end + size + 2
            if self._kept_bytes + size <= KEPT_BYTES:
                self._contents[name] = contents[name]
                self._kept_bytes += size
        return contents


class MirrorTrees:
    """The trees that were looked at last, so that a run reads its base once."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._trees: OrderedDict[tuple[Path, str], MirrorTree] = OrderedDict()

    def tree(self, repository: Repository, sha: str) -> MirrorTree:
        """The tree of the commit, which need not be there yet."""
        work = mirror_of(self._home, repository).work
        tree = self._trees.setdefault((work.git_dir, sha), MirrorTree(work, sha))
        self._trees.move_to_end((work.git_dir, sha))
        while len(self._trees) > KEPT_TREES:
            self._trees.popitem(last=False)
        return tree


def _portions(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """The names, in pieces that git tells in one answer without it being cut."""
    some: list[str] = []
    held = 0
    for name in sorted(sizes):
        if some and held + sizes[name] > PORTION_BYTES:
            yield some
            some, held = [], 0
        some.append(name)
        held += sizes[name]
    if some:
        yield some


def _entries(listing: Completed) -> dict[str, str]:
    lines = (line.partition("\t") for line in listing.must("git ls-tree").text.split("\0") if line)
    return {path: about for about, _, path in lines}


def _blob(about: str) -> _Blob | None:
    """From `MODE blob NAME SIZE`, as `git ls-tree -l` prints it; None for what is no regular file, or is not there."""
    mode, _, rest = about.partition(" ")
    if mode not in _REGULAR:
        return None
    _, name, size = rest.split()
    return _Blob(name, int(size))


def _size_of(header: bytes, git: Git) -> int:
    """From `NAME blob SIZE`, as `git cat-file --batch` prints it.

    Raises:
        WorkspaceError: the object is not there.
    """
    parts = header.split()
    if len(parts) != 3:
        raise WorkspaceError(
            f"The mirror {git.git_dir.parent} is damaged: git says {header.decode('utf-8', 'replace')!r}. Nothing else "
            "was touched. Remove that directory; it is made anew from the repository."
        )
    return int(parts[2])

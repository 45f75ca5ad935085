"""The repositories that are measured on: the sample, with many files, a long history or heavy dependencies."""

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from honk.testing.sample.repository import create_sample

FLAT_FILES = 25_000
SHORT_COMMITS = 20_000
COMMITS = 80_000
FEWER = 5
"""By what a quick run divides the sizes."""
_FOLDER_FILES = 100
_SHORT_FILES = 400
_FILES = 4_000
_WORDS = (Path(__file__).read_text() * 3).split()

LOCK = """\
cloudpickle==3.1.3
contourpy==1.3.3
cycler==0.12.1
fonttools==4.68.0
joblib==1.6.0
kiwisolver==1.5.1
matplotlib==3.11.2
mpmath==1.3.0
narwhals==2.29.0
numpy==2.4.6
packaging==26.4
pandas==3.1.1
pillow==13.0.0
pyparsing==3.3.3
python-dateutil==4.0.0
scikit-learn==1.9.1
scipy==1.17.1
sympy==1.14.0
threadpoolctl==3.8.0
tzdata==2026.6
"""
_NUMBERS = """\
import unittest

import numpy


class Numbers(unittest.TestCase):
    def test_the_dependencies_are_there(self) -> None:
        self.assertEqual(int(numpy.arange(4).sum()), 6)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One repository, as both sides find it."""

    name: str
    bare: Path
    """What is cloned by hand, and pushed to."""
    person: Path
    """A person's checkout of it: what `honk run` is given."""
    install: str = "true"
    """By hand, in the clone, before the agent starts."""
    tests: str = "python3 -m unittest -q"

    @property
    def size(self) -> str:
        """Commits, objects and bytes, as a forge would tell them."""
        counted = dict(line.split(": ") for line in git(self.bare, "count-objects", "-v").splitlines())
        commits = int(git(self.bare, "rev-list", "--count", "--all"))
        objects = int(counted["in-pack"]) + int(counted["count"])
        return f"{commits:,} commits, {objects:,} objects, {int(counted['size-pack']) // 1024} MiB packed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """Made when first asked for, and then shared by all rows."""

    place: Path
    python: str
    """The interpreter that by hand makes virtual environments with."""
    is_quick: bool = False
    made: dict[str, Measured] = field(default_factory=dict)

    async def sample(self) -> Measured:
        return await self._once("sample", lambda tree: None)

    async def flat(self) -> Measured:
        """Many files in a few commits."""
        count = FLAT_FILES // (FEWER if self.is_quick else 1)
        return await self._once("flat", lambda tree: _lay_files(tree, count))

    async def history(self) -> Measured:
        """What a large project of many years looks like: a deep tree, and several files changed by each commit."""
        count = COMMITS // (FEWER if self.is_quick else 1)
        return await self._once("history", lambda tree: _lay_history(tree, lambda parent: _project(count, parent)))

    async def short_history(self) -> Measured:
        """Few files, one of them changed by each commit."""
        count = SHORT_COMMITS // (FEWER if self.is_quick else 1)
        return await self._once("history-short", lambda tree: _lay_history(tree, lambda parent: _edits(count, parent)))

    async def heavy(self) -> Measured:
        """Locked dependencies of some 400 MB; by hand installs them from wheels that lie on the disk already."""
        venv, wheels = '"$PLACE/venv"', self.place / "wheels"
        pip = f"{venv}/bin/pip install -q --no-input --no-index --find-links {wheels} -r requirements.txt"
        install = f'"{self.python}" -m venv {venv} && {pip}'
        made = await self._once("heavy", _lay_lock, install=install, tests=f"{venv}/bin/python -m unittest -q")
        if not wheels.exists():
            self._download(made.person / "requirements.txt", wheels)
        return made

    def _download(self, lock: Path, wheels: Path) -> None:
        tools = self.place / "download"
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.place), **package_settings()}
        for argv in (
            [self.python, "-m", "venv", str(tools)],
            [str(tools / "bin" / "pip"), "download", "-q", "--no-cache-dir", "-r", str(lock), "-d", str(wheels)],
        ):
            subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)

    async def _once(self, name: str, lay: Callable[[Path], None], **by_hand: str) -> Measured:
        if name not in self.made:
            tree = self.place / "repositories" / name
            bare = tree.with_name(f"{name}.git")
            await create_sample(tree)
            lay(tree)
            git(tree, "add", "--all")
            git(tree, "commit", "-q", "--allow-empty", "-m", "Lay out what is measured on")
            git(tree, "repack", "-q", "-a", "-d")
            git(tree.parent, "clone", "-q", "--bare", str(tree), str(bare))
            git(bare, "repack", "-q", "-a", "-d", "-b")  # as every forge has it, with a bitmap
            self.made[name] = Measured(name=name, bare=bare, person=tree, **by_hand)
        return self.made[name]


def git(tree: Path, *args: str) -> str:
    """Git with no configuration but the repository's own."""
    return subprocess.run(["git", *args], cwd=tree, env=git_env(), capture_output=True, check=True).stdout.decode()


def git_env() -> dict[str, str]:
    """What git gets of the environment."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    return env | {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _BY.items()}


_PACKAGE_SETTINGS = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY", "PIP_CERT", "PIP_CONFIG_FILE", "PIP_FIND_LINKS"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL"),
)
"""Where packages come from, for both sides."""


def package_settings() -> dict[str, str]:
    """What the environment says of that."""
    return {name: os.environ[name] for name in _PACKAGE_SETTINGS if name in os.environ}


_BY = {"NAME": "Bench", "EMAIL": "bench@example.org", "DATE": "2026-05-01T12:00:00+00:00"}


def _lay_files(tree: Path, count: int) -> None:
    chance = random.Random(1)
    for number in range(count):
        file = tree / "catalogue" / f"part{number // _FOLDER_FILES:03}" / f"entry{number:05}.txt"
        if number % _FOLDER_FILES == 0:
            file.parent.mkdir(parents=True)
        file.write_text(_prose(chance))


def _lay_history(tree: Path, commits: Callable[[str], Iterable[bytes]]) -> None:
    parent = git(tree, "rev-parse", "HEAD").strip()
    with tempfile.TemporaryFile(dir=tree.parent) as stream:
        stream.writelines(commits(parent))
        stream.seek(0)
        subprocess.run(["git", "fast-import", "--quiet"], cwd=tree, env=git_env(), stdin=stream, check=True)
    git(tree, "reset", "-q", "--hard", "refs/heads/main")
    git(tree, "repack", "-q", "-a", "-d", "-f")


def _edits(count: int, parent: str) -> Iterator[bytes]:
    """One file of few for each commit."""
    chance = random.Random(2)
    texts = [_prose(chance).splitlines() for _ in range(_SHORT_FILES)]
    for number in range(count):
        at = chance.randrange(_SHORT_FILES)
        texts[at].insert(chance.randrange(len(texts[at])), f"{number} {_prose(chance)[:60]}".replace("\n", " "))
        yield _commit(number, parent, [(f"notes/part{at // 20:02}/entry{at:03}.txt", texts[at])])


def _project(count: int, parent: str) -> Iterator[bytes]:
    """Three or four files for each commit, most of them near each other; a line of each is new or another."""
    chance = random.Random(3)
    texts = [_prose(chance).splitlines() for _ in range(_FILES)]
    for number in range(count):
        first = chance.randrange(_FILES)
        near = [min(_FILES - 1, first + chance.randrange(40)) for _ in range(2)]
        edited = {first, *near, chance.randrange(_FILES)}
        for at in edited:
            line = chance.randrange(len(texts[at]))
            replaced = chance.randrange(2)
            texts[at][line : line + replaced] = [f"{number} {' '.join(chance.choices(_WORDS, k=8))}"]
        yield _commit(number, parent, [(_path(at), texts[at]) for at in sorted(edited)])


def _path(at: int) -> str:
    """Ten areas of ten parts of four groups of ten files."""
    return f"source/area{at // 400}/part{at // 40 % 10}/group{at // 10 % 4}/entry{at:04}.txt"


def _commit(number: int, parent: str, files: Iterable[tuple[str, list[str]]]) -> bytes:
    """The commit as `git fast-import` reads it."""
    message = f"Edit what is there for the {number}th time".encode()
    when = 1_772_000_000 + number * 60
    out = [b"commit refs/heads/main\ncommitter Bench <bench@example.org> %d +0000\n" % when]
    out.append(b"data %d\n%s\n" % (len(message), message))
    out.append(f"from {parent}\n".encode() if number == 0 else b"")
    for path, lines in files:
        text = "\n".join(lines).encode()
        out.append(b"M 644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text))
    return b"".join(out)


def _lay_lock(tree: Path) -> None:
    (tree / "requirements.txt").write_text(LOCK)
    (tree / "tests" / "test_numbers.py").write_text(_NUMBERS)


def _prose(chance: random.Random) -> str:
    """Some 1,200 characters that no other file has."""
    words = chance.choices(_WORDS, k=150)
    return "\n".join(" ".join(words[at : at + 10]) for at in range(0, len(words), 10)) + "\n"


def remove(paths: list[Path]) -> None:
    """Delete trees that are no longer needed."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)

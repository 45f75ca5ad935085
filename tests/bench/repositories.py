"""The repositories that are measured on: the sample, with many files, a long history or heavy dependencies."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from honk.testing.sample.repository import create_sample

FLAT_FILES = 25_000
COMMITS = 20_000
FEWER = 5
"""By what a quick run divides the sizes."""
_FOLDER_FILES = 100
_HISTORY_FILES = 400
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
        """Few files with a long history."""
        count = COMMITS // (FEWER if self.is_quick else 1)
        return await self._once("history", lambda tree: _lay_history(tree, count))

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
            git(tree, "repack", "-q", "-a", "-d")  # as every forge has it
            git(tree.parent, "clone", "-q", "--bare", str(tree), str(bare))
            self.made[name] = Measured(name=name, bare=bare, person=tree, **by_hand)
        return self.made[name]


def git(tree: Path, *args: str, stdin: bytes | None = None) -> str:
    """Git with no configuration but the repository's own."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    env |= {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _BY.items()}
    return subprocess.run(
        ["git", *args], cwd=tree, env=env, input=stdin, capture_output=True, check=True
    ).stdout.decode()


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


def _lay_history(tree: Path, count: int) -> None:
    """Commits that each change one file of text, as people write them."""
    stream = b"".join(_commits(count, git(tree, "rev-parse", "HEAD").strip()))
    git(tree, "fast-import", "--quiet", stdin=stream)
    git(tree, "reset", "-q", "--hard", "refs/heads/main")
    git(tree, "repack", "-q", "-a", "-d", "-f")


def _commits(count: int, parent: str) -> Iterator[bytes]:
    chance = random.Random(2)
    texts = [_prose(chance).splitlines() for _ in range(_HISTORY_FILES)]
    for number in range(count):
        at = chance.randrange(_HISTORY_FILES)
        texts[at].insert(chance.randrange(len(texts[at])), f"{number} {_prose(chance)[:60]}".replace("\n", " "))
        text = "\n".join(texts[at]).encode()
        message = f"Edit entry {at} for the {number}th time".encode()
        when = 1_772_000_000 + number * 60
        yield b"commit refs/heads/main\ncommitter Bench <bench@example.org> %d +0000\n" % when
        yield b"data %d\n%s\n" % (len(message), message)
        yield f"from {parent}\n".encode() if number == 0 else b""
        yield b"M 644 inline notes/part%02d/entry%03d.txt\ndata %d\n%s\n" % (at // 20, at, len(text), text)


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

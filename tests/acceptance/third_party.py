"""Third-party packages as a person's repositories: fetched by pip, put under git, changed and examined for real."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from honk.base.clock import now
from honk.base.ids import new_id
from honk.bootstrap import REGISTRIES
from honk.domain.change import Change
from honk.domain.evidence import Examination
from honk.domain.task import Person, Repository
from honk.gateway import Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.gateway.package_door import PackageDoor
from honk.sandbox import Sandbox
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.ledger import FakeLedger
from honk.testing.store import FakeBlobs, FakeMemo
from honk.verifier import BaseRuns, Plan
from honk.verifier.clean_room import CleanRoomGate
from honk.workspace import CommitMessage, Environment, Template
from honk.workspace.overlay import OverlayWorkspaces
from honk.workspace.source import LocalSource

BUILD_BACKENDS = ("pip", "setuptools", "setuptools-scm", "wheel", "hatchling", "hatch-vcs", "flit-core", "poetry-core")
TESTER = Person(name="Tester", email="tester@example.com")
Edits = Mapping[str, str]
"""Path to new content."""


@dataclass(frozen=True, slots=True)
class Package:
    """One source distribution, and a bug that its own tests must see."""

    requirement: str
    file: str
    old: str
    bug: str

    @property
    def name(self) -> str:
        """Of a folder: pip's name, npm's or Go's without its path, Maven's artifact."""
        if self.requirement.count(":") == 2:
            return self.requirement.split(":")[1]
        whole = self.requirement.partition("==")[0]
        return whole.rpartition("@")[0].rpartition("/")[2] or whole


def fetch(packages: tuple[Package, ...], into: Path) -> None:
    """Source distributions, by the ordinary client; what is there already is kept."""
    into.mkdir(parents=True, exist_ok=True)
    missing = [p.requirement for p in packages if not (into / p.name).exists()]
    if not missing:
        return
    client = into / "client"
    uv = find_uv_bin()
    _run(uv, "venv", "-q", "--clear", str(client), "--python", sys.executable)
    _run(uv, "pip", "install", "-q", "--python", str(client / "bin" / "python"), *BUILD_BACKENDS)
    for requirement in missing:
        name = requirement.partition("==")[0]
        aside = into / f"{name}.aside"
        shutil.rmtree(aside, ignore_errors=True)
        options = ("-q", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "-d", str(aside))
        _run(str(client / "bin" / "python"), "-m", "pip", "download", *options, requirement)
        (archive,) = aside.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(aside, filter="data")
        (tree,) = (path for path in aside.iterdir() if path.is_dir())
        commit(tree)
        tree.rename(into / name)
        shutil.rmtree(aside)


def fetch_npm(packages: tuple[Package, ...], into: Path) -> None:
    """Tarballs as they are published, by npm."""
    for package in _missing(packages, into):
        aside = _aside(into, package)
        _run("npm", "pack", "-s", "--pack-destination", str(aside), package.requirement, cwd=aside)
        (archive,) = aside.glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(aside, filter="data")
        (tree,) = (path for path in aside.iterdir() if path.is_dir())
        commit(tree)
        tree.rename(into / package.name)
        shutil.rmtree(aside)


def fetch_go(packages: tuple[Package, ...], into: Path) -> None:
    """Modules as the proxy has them, by go: tests are a part of them."""
    for package in _missing(packages, into):
        aside = _aside(into, package)
        env = {**os.environ, "GOMODCACHE": str(aside / "mod"), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}
        told = _run("go", "mod", "download", "-json", package.requirement, cwd=aside, env=env)
        tree = aside / "tree"
        shutil.copytree(json.loads(told)["Dir"], tree)
        commit(tree)
        tree.rename(into / package.name)
        shutil.rmtree(aside)


def fetch_crates(packages: tuple[Package, ...], into: Path) -> None:
    """Crates as they are published, by cargo: many hold their tests."""
    for package in _missing(packages, into):
        aside = _aside(into, package)
        name, _, version = package.requirement.partition("@")
        (aside / "Cargo.toml").write_text(
            '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[lib]\npath = "none.rs"\n'
            f'[dependencies.it]\npackage = "{name}"\nversion = "={version}"\n'
        )
        _run("cargo", "fetch", "-q", cwd=aside, env={**os.environ, "CARGO_HOME": str(aside / "home")})
        (found,) = (aside / "home" / "registry" / "src").glob(f"*/{name}-{version}")
        tree = aside / "tree"
        shutil.copytree(found, tree, ignore=shutil.ignore_patterns(".cargo-ok", ".cargo_vcs_info.json"))
        commit(tree)
        tree.rename(into / package.name)
        shutil.rmtree(aside)


_COPY = """\
<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version>
<packaging>pom</packaging><build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><version>3.6.1</version>
<configuration><outputDirectory>got</outputDirectory><artifactItems>{items}</artifactItems></configuration>
</plugin></plugins></build></project>
"""
_PACKED = re.compile(r"META-INF/(?:maven/|(?:MANIFEST|LICENSE|NOTICE|DEPENDENCIES)[^/]*$)")
_ITEM = """\
<artifactItem><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version><type>{}</type>
<classifier>{}</classifier></artifactItem>
"""


def fetch_maven(packages: tuple[Package, ...], into: Path) -> None:
    """A project out of what is published of it: its pom, its sources and those of its tests, all by Maven."""
    for package in _missing(packages, into):
        aside = _aside(into, package)
        words = package.requirement.split(":")
        kinds = (("pom", ""), ("jar", "sources"), ("jar", "test-sources"))
        items = "".join(_ITEM.format(*words, *kind) for kind in kinds)
        (aside / "pom.xml").write_text(_COPY.format(items=items))
        _run("mvn", "-B", "-q", f"-Dmaven.repo.local={into}/client", "dependency:copy", cwd=aside)
        tree, stem = aside / "tree", aside / "got" / "-".join(words[1:])
        _unpack(stem.with_name(f"{stem.name}-sources.jar"), tree / "src" / "main")
        _unpack(stem.with_name(f"{stem.name}-test-sources.jar"), tree / "src" / "test")
        shutil.copy(stem.with_name(f"{stem.name}.pom"), tree / "pom.xml")
        commit(tree)
        tree.rename(into / package.name)
        shutil.rmtree(aside)


def _unpack(archive: Path, into: Path) -> None:
    """Sources below `java`, all else below `resources`, as before they were packed."""
    with zipfile.ZipFile(archive) as jar:
        for name in jar.namelist():
            if not name.endswith("/") and _PACKED.match(name) is None:
                jar.extract(name, into / ("java" if name.endswith(".java") else "resources"))


def _missing(packages: tuple[Package, ...], into: Path) -> list[Package]:
    into.mkdir(parents=True, exist_ok=True)
    return [package for package in packages if not (into / package.name).exists()]


def _aside(into: Path, package: Package) -> Path:
    aside = into / f"{package.name}.aside"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    return aside


def commit(tree: Path) -> None:
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")
    _run("git", "init", "-q", "-b", "main", cwd=tree)
    _run("git", "add", "-A", "-f", cwd=tree)
    _run("git", *identity, "commit", "-q", "-m", "As released", cwd=tree)


def _run(*argv: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stderr[-2000:]}"
    return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Case:
    """A package ready to be changed: its template, environment and plan."""

    house: "House"
    repository: Repository
    template: Template
    environment: Environment
    plan: Plan

    def text(self, path: str) -> str:
        return (Path(self.repository.location) / path).read_text()

    async def examine(self, edits: Edits) -> Examination:
        """The edits made in a workspace, collected as a change, and judged in clean rooms."""
        workspaces = self.house.workspaces
        change = await self._change(edits)
        environment = await workspaces.environment(self.template, change)

        @asynccontextmanager
        async def rooms(of: Change | None) -> AsyncIterator[Sandbox]:
            chosen = self.environment if of is None else environment
            async with workspaces.clean_room(self.template, chosen, of, name=f"room-{new_id()}") as workspace:
                yield workspace.sandbox

        base = workspaces.tree(self.repository, change.base_sha)
        head = workspaces.tree(self.repository, change.head_sha)
        return await self.house.gate.examine(self.plan, base, head, change, rooms)

    async def _change(self, edits: Edits) -> Change:
        name = f"work-{new_id()}"
        message = CommitMessage(subject="Change it", body="", author=TESTER, committer=TESTER, at=now())
        workspaces = self.house.workspaces
        async with workspaces.open(self.template, self.environment, name=name) as workspace:
            for path, text in edits.items():
                argv = ("/bin/sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh", f"./{path}")
                done = await workspace.sandbox.run(argv, stdin=text.encode(), timeout_seconds=30)
                assert done.exit_code == 0, done
            change = await workspace.collect(message)
        await workspaces.discard(name)
        assert change is not None
        return change


class House:
    """The real workspaces, sandbox, package route and gate; rows in memory."""

    def __init__(self, home: Path) -> None:
        memo, blobs = FakeMemo(), FakeBlobs()
        self.gateway = AnthropicGateway(
            Upstream(base_url="http://127.0.0.1:9", headers={}),
            FakeLedger(),
            packages=PackageDoor(REGISTRIES),
        )
        self.workspaces = OverlayWorkspaces(home, LocalSource(), BubblewrapBackend(), self.gateway, blobs.put)
        self.gate = CleanRoomGate(base_runs=BaseRuns(load=memo.load, save=memo.save), put_blob=blobs.put)

    async def prepare(self, package: Package, checkout: Path) -> Case:
        repository = Repository(repository_id=package.name, name=package.name, location=str(checkout))
        template = await self.workspaces.template(repository, _run("git", "rev-parse", "HEAD", cwd=checkout))
        environment = await self.workspaces.environment(template)
        plan = await self.gate.plan(self.workspaces.tree(repository, template.base_sha), environment)
        return Case(self, repository, template, environment, plan)

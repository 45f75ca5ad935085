"""The package door for Maven: the real mvn resolves through it, and only files of released versions pass."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from needs import needed
from package_doors import OpenDoor, open_door

from honk.base.subprocess import run
from honk.testing.registries import FarRegistries

pytestmark = pytest.mark.anyio
PLACE = "test/example/parent/1.0/parent-1.0"
PARENT = """\
<project><modelVersion>4.0.0</modelVersion>
<groupId>test.example</groupId><artifactId>parent</artifactId><version>1.0</version><packaging>pom</packaging>
</project>
"""
CHILD = """\
<project><modelVersion>4.0.0</modelVersion>
<parent><groupId>test.example</groupId><artifactId>parent</artifactId><version>1.0</version></parent>
<artifactId>child</artifactId><packaging>pom</packaging>
</project>
"""
SETTINGS = """\
<settings><mirrors><mirror><id>route</id><mirrorOf>*</mirrorOf><url>{}/maven</url></mirror></mirrors></settings>
"""
MAVEN = {f"{PLACE}.pom": PARENT.encode(), f"{PLACE}.jar": b"bytes", "test/example/parent/maven-metadata.xml": b"<a/>"}


def opened(offer: Mapping[str, bytes] = MAVEN) -> AbstractAsyncContextManager[OpenDoor]:
    return open_door(FarRegistries(maven=offer), ("maven",))


async def test_files_their_sums_and_lists_of_versions_pass() -> None:
    async with opened() as door:
        assert await door.get(f"/maven/{PLACE}.jar") == (200, b"bytes")
        status, digest = await door.get(f"/maven/{PLACE}.jar.sha1")
        assert (status, len(digest)) == (200, 40)
        assert (await door.get(f"/maven/{PLACE}.jar", "HEAD"))[0] == 200
        assert await door.get("/maven/test/example/parent/maven-metadata.xml") == (200, b"<a/>")
        assert (await door.get(f"/maven/{PLACE}-sources.jar"))[0] == 404
        assert (door.log.refused, door.far.unauthorized) == ([], 0)


@pytest.mark.parametrize(
    "path",
    [
        "/maven/", "/maven/test/example/parent/", f"/maven/{PLACE}.jar?x=1",
        "/maven/test/example/parent/1.0/other-1.0.jar",
        "/maven/test/../test/example/parent/1.0/parent-1.0.jar", "/maven//test/parent/1.0/parent-1.0.jar",
        "/maven/test/example/parent/1.0/parent-2.0.jar", "/maven/.index/a-1.jar", "/maven/test/%2e%2e/a/1/a-1.jar",
        "/maven/maven-metadata.xml", "/maven/archetype-catalog.xml", "/maven/a/b/1-SNAPSHOT/maven-metadata.xml",
        "/maven/a/b/1-SNAPSHOT/b-1-20260101.101010-1.jar", "/maven/a/b/1-snapshot/b-1-snapshot.jar",
    ],
)  # fmt: skip
async def test_everything_else_is_refused_and_never_asked_for(path: str) -> None:
    async with opened() as door:
        host, _, port = door.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert b" 403 " in await reader.readline()
        writer.close()
        assert (door.far.seen, len(door.log.refused)) == ([], 1)


async def test_nothing_is_written() -> None:
    async with opened() as door:
        assert [(await door.get(f"/maven/{PLACE}.jar", word))[0] for word in ("PUT", "POST", "DELETE")] == [403] * 3
        assert door.far.seen == []


@pytest.mark.slow
async def test_maven_resolves_through_it(tmp_path: Path) -> None:
    (tmp_path / "pom.xml").write_text(CHILD)
    argv = (needed("mvn"), "-B", "-C", "-s", "settings.xml", f"-Dmaven.repo.local={tmp_path}/own", "validate")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    async with opened() as door:
        (tmp_path / "settings.xml").write_text(SETTINGS.format(door.url))
        (await run(argv, cwd=tmp_path, env=env)).must("mvn")
        assert (tmp_path / "own/test/example/parent/1.0/parent-1.0.pom").read_text() == PARENT
        assert (door.log.refused, door.log.failed, door.far.unauthorized) == ([], [], 0)
    other = {**MAVEN, f"{PLACE}.pom.sha1": b"0" * 40}
    async with opened(other) as door:
        (tmp_path / "settings.xml").write_text(SETTINGS.format(door.url))
        again = (*argv[:-2], f"-Dmaven.repo.local={tmp_path}/again", "validate")
        done = await run(again, cwd=tmp_path, env=env)
        assert done.exit_code != 0
        assert "Checksum validation failed" in done.text

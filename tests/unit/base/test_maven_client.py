"""Where Maven's packages come from, as the client of this machine has it."""

import zipfile
from pathlib import Path

import pytest

from honk.base.maven_client import maven_repository, mirror_in

pytestmark = pytest.mark.anyio
MODEL = """\
<project xmlns="x"><repositories>
<repository><id>central</id><url>https://own.test/two</url></repository>
</repositories></project>
"""


def settings(mirror_of: str, url: str = "https://mirror.test/all") -> str:
    mirror = f"<id>a</id><mirrorOf>{mirror_of}</mirrorOf><url>{url}</url>"
    return f"<settings><mirrors><mirror>{mirror}</mirror></mirrors></settings>"


def client(tmp_path: Path) -> dict[str, str]:
    """A machine with a Maven of its own, called by a link."""
    for folder in ("maven/bin", "maven/lib", "maven/conf", "bin", "home/.m2"):
        (tmp_path / folder).mkdir(parents=True)
    program = tmp_path / "maven/bin/mvn"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    (tmp_path / "bin/mvn").symlink_to(program)
    with zipfile.ZipFile(tmp_path / "maven/lib/maven-model-builder-3.jar", "w") as library:
        library.writestr("org/apache/maven/model/pom-4.0.0.xml", MODEL)
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home")}


async def test_the_nearest_setting_wins(tmp_path: Path) -> None:
    env = client(tmp_path)
    assert await maven_repository(env) == "https://own.test/two", "where the client itself looks"
    (tmp_path / "maven/conf/settings.xml").write_text(settings("central", "https://client.test/"))
    assert await maven_repository(env) == "https://client.test/"
    (tmp_path / "home/.m2/settings.xml").write_text(settings("*"))
    assert await maven_repository(env) == "https://mirror.test/all"
    assert await maven_repository({**env, "MAVEN_MIRROR_URL": "http://a:b@named.test/x"}) == "http://a:b@named.test/x"
    assert await maven_repository({"PATH": "/nonexistent", "HOME": "/nonexistent"}) is None


async def test_a_client_that_cannot_be_read_names_none(tmp_path: Path) -> None:
    env = client(tmp_path)
    (tmp_path / "home/.m2/settings.xml").write_text("<settings><mirrors>")
    (tmp_path / "maven/lib/maven-model-builder-3.jar").write_text("no archive")
    assert await maven_repository({**env, "MAVEN_MIRROR_URL": "file:///etc"}) is None


@pytest.mark.parametrize(
    ("mirror_of", "stands"),
    [("*", True), ("central", True), ("external:*", True), ("jcenter,central", True), ("*,!central", False),
     ("internal", False), ("", False)],
)  # fmt: skip
def test_only_a_mirror_of_the_central_repository_counts(mirror_of: str, stands: bool) -> None:
    assert (mirror_in(settings(mirror_of).encode()) is not None) is stands


def test_an_address_with_a_variable_in_it_is_none() -> None:
    assert mirror_in(settings("*", "https://${env.HOST}/").encode()) is None
    assert mirror_in(settings("*", "sftp://own.test/").encode()) is None

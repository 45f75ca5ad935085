"""What Maven and Gradle want of an environment, and which settings below /etc come along."""

from pathlib import Path

import pytest

from honk.workspace import toolchains
from honk.workspace.ecosystems import Provision, Tool, gradle, jvm, maven, table

TOOLS = {
    "java": Tool(path="/usr/bin/java", version="17.0.15", shown=("/etc/java-17/jvm.cfg",)),
    "javac": Tool(path="/usr/bin/javac"),
    "mvn": Tool(path="/usr/bin/mvn", version="3.8.7"),
    "gradle": Tool(path="/usr/bin/gradle", version="4.4.1"),
}
TEST = "src/test/java/a/CalcTest.java"


def provision_of(files: dict[str, str], tools: dict[str, Tool] | None = None) -> Provision:
    [found] = table.provisions(tuple(files), files, TOOLS if tools is None else tools)
    return found


def test_maven_comes_first_and_nothing_is_done_without_tests() -> None:
    assert provision_of({"pom.xml": "", "build.gradle": "", TEST: ""}).ecosystem == "Maven"
    assert provision_of({"build.gradle": "", TEST: ""}).ecosystem == "Gradle"
    assert table.provisions(("pom.xml", "src/main/java/A.java"), {"pom.xml": ""}, TOOLS) == ()
    assert table.provisions(("part/pom.xml", f"part/{TEST}"), {}, TOOLS) == ()


def test_what_lacks_is_named() -> None:
    for manifest, client in (("pom.xml", "mvn"), ("build.gradle", "gradle")):
        files = {manifest: "", TEST: ""}
        assert [len(provision_of(files, {}).problems), provision_of(files, {}).steps] == [3, ()]
        [problem] = provision_of(files, {name: TOOLS[name] for name in TOOLS if name != client}).problems
        assert (manifest in problem, f"({client})" in problem) == (True, True)
        [problem] = provision_of(files, {name: TOOLS[name] for name in TOOLS if name != "javac"}).problems
        assert "JDK" in problem, "Java alone compiles nothing"


def test_every_sandbox_fits_a_java_machine_and_the_route_is_open_in_set_up_only() -> None:
    for manifest in ("pom.xml", "build.gradle"):
        found = provision_of({manifest: "", TEST: ""})
        assert found.problems == ()
        assert "{route}" in found.setup_env["HONK_ROUTE"]
        assert not [value for value in found.env.values() if "{route}" in value]
        assert "CompressedClassSpaceSize" in found.env["JAVA_TOOL_OPTIONS"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("<maven.compiler.release>21</maven.compiler.release>", 21), ("<source>1.8</source>", None),
        ("<release>17</release>", None), ("<target>${java}</target>", None), ("<source> 25 </source>", 25),
    ],
)  # fmt: skip
def test_a_newer_java_than_there_is_is_named(text: str, asked: int | None) -> None:
    found = provision_of({"pom.xml": text, TEST: ""})
    assert bool(found.problems) is (asked is not None)
    assert found.problems == () or (f"Java {asked}" in found.problems[0] and found.steps == ())


@pytest.mark.parametrize(
    ("text", "is_newer"),
    [
        ("sourceCompatibility = 1.8", False), ("sourceCompatibility = JavaVersion.VERSION_1_8", False),
        ("java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }", True),
        ("targetCompatibility = '17'", False), ("sourceCompatibility = JavaVersion.VERSION_21", True),
    ],
)  # fmt: skip
def test_a_build_script_says_which_java_it_wants(text: str, is_newer: bool) -> None:
    assert bool(provision_of({"build.gradle": text, TEST: ""}).problems) is is_newer


@pytest.mark.parametrize(
    ("wanted", "fits"), [("4.4", True), ("4.1.1", True), ("4.10.3", False), ("8.5", False), ("3.5", False)]
)
def test_another_generation_of_gradle_is_named(wanted: str, fits: bool) -> None:
    wrapper = f"distributionUrl=https\\://example.test/distributions/gradle-{wanted}-bin.zip\n"
    found = provision_of({"build.gradle": "", gradle.WRAPPER: wrapper, TEST: ""})
    assert bool(found.problems) is not fits
    assert fits or f"Gradle {wanted}" in found.problems[0]


def test_manifests_below_count_and_those_of_samples_do_not() -> None:
    files = ("pom.xml", "a/pom.xml", "src/it/b/pom.xml", "a/target/pom.xml", ".mvn/maven.config", ".mvn/wrapper/x.jar")
    assert maven.manifests(files) == ("pom.xml", "a/pom.xml", ".mvn/maven.config")
    assert gradle.manifests(("settings.gradle", "a/build.gradle.kts", "src/test/x.gradle", "gradle.properties")) == (
        "settings.gradle", "a/build.gradle.kts", "gradle.properties",
    )  # fmt: skip


def test_java_s_own_way_of_counting_is_known() -> None:
    assert [jvm.release(version) for version in ("1.8.0_392", "17.0.15", "8", "${x}")] == [8, 17, 8, 0]


def test_settings_that_a_tool_links_to_are_shown_one_by_one(tmp_path: Path) -> None:
    own, etc = tmp_path / "jdk", tmp_path / "etc"
    for folder in (own / "bin", own / "lib", etc / "jdk", etc / "ssl"):
        folder.mkdir(parents=True)
    (own / "bin" / "java").write_text("")
    for name in ("jdk/jvm.cfg", "jdk/jmxremote.password", "jdk/settings.xml", "ssl/cacerts"):
        (etc / name).write_text("")
        (own / "lib" / Path(name).name).symlink_to(etc / name)
    (own / "conf").symlink_to(etc / "jdk")
    (own / "lib" / "gone").symlink_to(etc / "gone")
    assert toolchains.settings_of(own / "bin" / "java", etc) == (str(etc / "jdk/jvm.cfg"),)


def test_a_maven_whose_own_settings_hold_passwords_is_not_shown(tmp_path: Path) -> None:
    own = tmp_path / "tools" / "maven"
    (own / "bin").mkdir(parents=True)
    (own / "conf").mkdir()
    (own / "bin" / "mvn").write_text("#!/bin/sh\n")
    (own / "bin" / "mvn").chmod(0o755)
    assert toolchains.locate("mvn", str(own / "bin")) == Tool(path=str(own / "bin" / "mvn"), prefix=str(own))
    (own / "conf" / "settings.xml").write_text("<servers><server><password>x</password></server></servers>")
    assert toolchains.locate("mvn", str(own / "bin")) is None

"""Maven and Gradle as they are: a sample with every way to cheat, then packages of other people.

Beside the other conformance tests they would take too long: each look starts three Java machines.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from needs import needed
from test_other_ecosystems import told
from third_party import Case, House, Package, commit

from honk.bootstrap import REGISTRIES
from honk.domain.evidence import Examination, Severity, Verification, verification
from honk.testing.registries import FarRegistries

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]

CALC = "src/main/java/demo/Calc.java"
TEST = "src/test/java/demo/CalcTest.java"
SOURCES = {
    CALC: (
        "package demo;\n\npublic class Calc {\n"
        "    public static int add(int a, int b) {\n        return a + b;\n    }\n}\n"
    ),
    TEST: (
        "package demo;\n\nimport static org.junit.Assert.assertEquals;\n\n"
        "import org.junit.Assume;\nimport org.junit.Ignore;\nimport org.junit.Test;\n\n"
        "public class CalcTest {\n"
        "    @Test\n    public void adds() {\n        assertEquals(3, Calc.add(1, 2));\n    }\n\n"
        "    @Test\n    public void assumes() {\n        Assume.assumeTrue(Calc.add(0, 0) > 0);\n    }\n\n"
        "    @Ignore\n    @Test\n    public void off() {\n    }\n}\n"
    ),
}
POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>demo</groupId><artifactId>calc</artifactId><version>1.0</version>
  <properties>
    <maven.compiler.source>8</maven.compiler.source><maven.compiler.target>8</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13.2</version><scope>test</scope></dependency>
  </dependencies>
  <build><plugins>
    <plugin><artifactId>maven-surefire-plugin</artifactId><version>2.22.2</version></plugin>
  </plugins></build>
</project>
"""
BUILD = """\
apply plugin: 'java'
repositories { mavenCentral() }
dependencies { testCompile 'junit:junit:4.12' }
"""
BROKEN = {CALC: SOURCES[CALC].replace("a + b", "a - b")}
TWICE = {
    CALC: SOURCES[CALC].replace(
        "    public", "    public static int twice(int a) {\n        return 2 * a;\n    }\n\n    public", 1
    ),
    "src/test/java/demo/TwiceTest.java": (
        "package demo;\n\npublic class TwiceTest {\n    @org.junit.Test\n    public void doubles() {\n"
        "        org.junit.Assert.assertEquals(4, Calc.twice(2));\n    }\n}\n"
    ),
}
FAKE = '<testsuite><testcase name="adds" classname="demo.CalcTest"/></testsuite>\n'
WRITER = SOURCES[TEST].replace(
    "public class CalcTest {\n",
    "public class CalcTest {\n    @org.junit.AfterClass\n    public static void write() throws Exception {\n"
    '        java.nio.file.Path to = java.nio.file.Paths.get("target/surefire-reports/TEST-demo.CalcTest.xml");\n'
    '        java.nio.file.Files.write(to, "<testsuite/>".getBytes());\n    }\n\n',
)
CHEATS: Mapping[str, Mapping[str, str]] = {
    "exit at the start": {CALC: BROKEN[CALC].replace("Calc {\n", "Calc {\n    static { System.exit(0); }\n\n")},
    "halt at the start": {
        CALC: BROKEN[CALC].replace("Calc {\n", "Calc {\n    static { Runtime.getRuntime().halt(0); }\n\n")
    },
    "a skipped test": {
        **BROKEN,
        TEST: SOURCES[TEST].replace("    @Test\n    public void adds", "    @Ignore\n    @Test\n    public void adds"),
    },
}
MAVEN_CHEATS: Mapping[str, Mapping[str, str]] = {
    "failures that are ignored": {
        **BROKEN,
        "pom.xml": POM.replace(
            "<properties>", "<properties><maven.test.failure.ignore>true</maven.test.failure.ignore>"
        ),
    },
    "no tests at all": {
        **BROKEN,
        "pom.xml": POM.replace(
            "</version></plugin>", "</version><configuration><skip>true</skip></configuration></plugin>"
        ),
    },
    "words of the command line": {**BROKEN, ".mvn/maven.config": "-Dmaven.test.failure.ignore=true\n"},
    "a report among the resources": {
        CALC: BROKEN[CALC],
        TEST: SOURCES[TEST].replace("assertEquals(3, Calc.add(1, 2));", "System.exit(0);"),
        "src/test/resources/surefire-reports/TEST-demo.CalcTest.xml": FAKE,
        "target/surefire-reports/TEST-demo.CalcTest.xml": FAKE,
    },
    "a test that writes reports": {**BROKEN, TEST: WRITER},
}
GRADLE_CHEATS: Mapping[str, Mapping[str, str]] = {
    "failures that are ignored": {**BROKEN, "build.gradle": BUILD + "test { ignoreFailures = true }\n"},
}


def is_held(examination: Examination) -> bool:
    severe = any(finding.severity is not Severity.NOTE for finding in examination.findings)
    return severe or verification(examination.reports) is not Verification.PASSED


@asynccontextmanager
async def prepared(tmp_path: Path, files: Mapping[str, str], program: str) -> AsyncIterator[Case]:
    """A sample under git, with an environment."""
    needed(program)
    checkout = tmp_path / "sample"
    for path, text in files.items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(text)
    await asyncio.to_thread(commit, checkout)
    house = House(tmp_path / "home")
    try:
        case = await house.prepare(Package("sample", "", "", ""), checkout)
        assert (case.environment.problems, case.plan.missing) == ((), ())
        yield case
    finally:
        await house.gateway.close()


async def holds(case: Case, cheats: Mapping[str, Mapping[str, str]]) -> None:
    """The same for both: green, red, a new test, and no cheat that is green."""
    green = await case.examine({CALC: SOURCES[CALC].replace("Calc {\n", "Calc {\n    static final int PI = 3;\n\n")})
    print(f"green {told(green)}", flush=True)
    assert (verification(green.reports), green.findings) == (Verification.PASSED, ())
    assert green.reports[0].summary.startswith("1 passed, 2 skipped in ")
    red = await case.examine(BROKEN)
    print(f"red {told(red)}", flush=True)
    assert verification(red.reports) is Verification.FAILED
    assert red.reports[0].tests is not None
    assert red.reports[0].tests.failed == (f"{TEST}::adds",)
    assert f"at {TEST}:12: " in red.reports[0].summary
    new = await case.examine(TWICE)
    print(f"new {told(new)}", flush=True)
    assert verification(new.reports) is Verification.PASSED
    assert new.reports[0].tests is not None
    assert [(one.test_id, one.fails_on_base) for one in new.reports[0].tests.new] == [
        ("src/test/java/demo/TwiceTest.java::doubles", True)
    ]
    for name, edits in cheats.items():
        done = await case.examine(edits)
        print(f"{name}: {told(done)}", flush=True)
        assert is_held(done), (name, done)


async def test_changes_of_maven_are_judged_by_their_tests(tmp_path: Path) -> None:
    async with prepared(tmp_path, {**SOURCES, "pom.xml": POM}, "mvn") as case:
        await holds(case, {**CHEATS, **MAVEN_CHEATS})
        named = POM.replace("</dependencies>", "<!-- none more --></dependencies>")
        other = await case.examine({"pom.xml": named})
        assert (verification(other.reports), other.findings) == (Verification.PASSED, ())


@pytest.mark.wide
async def test_changes_of_gradle_are_judged_by_their_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With JUnit of the machine's own Gradle behind the door."""
    jars = {"junit/junit/4.12/junit-4.12": "junit4", "org/hamcrest/hamcrest-core/1.3/hamcrest-core-1.3": "hamcrest"}
    own = {place: Path("/usr/share/java", f"{name}.jar") for place, name in jars.items()}
    if not all(path.exists() for path in own.values()):
        pytest.skip("NOT TESTED: this machine has no JUnit of its own")
    offer = {f"{place}.jar": path.read_bytes() for place, path in own.items()}
    async with FarRegistries(maven={**offer, **{f"{place}.pom": pom_of(place) for place in own}}).serve() as far:

        async def maven() -> str:
            return far.address("maven")

        monkeypatch.setitem(REGISTRIES, "maven", maven)
        async with prepared(tmp_path, {**SOURCES, "build.gradle": BUILD}, "gradle") as case:
            await holds(case, {**CHEATS, **GRADLE_CHEATS})


def pom_of(place: str) -> bytes:
    group, name, version = place.split("/")[:-3], *place.split("/")[-3:-1]
    own = f"<groupId>{'.'.join(group)}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
    needed = "<groupId>org.hamcrest</groupId><artifactId>hamcrest-core</artifactId><version>1.3</version>"
    needs = f"<dependencies><dependency>{needed}</dependency></dependencies>" if name == "junit" else ""
    return f"<project><modelVersion>4.0.0</modelVersion>{own}{needs}</project>".encode()

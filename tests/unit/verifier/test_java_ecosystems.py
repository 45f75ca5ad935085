"""Which verifiers Maven and Gradle have, what their reports come to, and what of a pom.xml is the base's."""

import pytest

from honk.verifier import Plan
from honk.verifier.compare import function_of
from honk.verifier.detect import Setting, detect, needed
from honk.verifier.ecosystems import Asked, gradle, junit_xml, maven, table
from honk.verifier.ecosystems.pom import differences, with_base_checks
from honk.verifier.results import TestOutcome, Told

TEST = "src/test/java/a/CalcTest.java"
TOOLS = {"java": "/j/java", "javac": "/j/javac", "mvn": "/m/mvn", "gradle": "/g/gradle"}
NONCE = "n0nce"


def plan_for(*files: str, tools: dict[str, str] = TOOLS) -> Plan:
    paths = tuple(sorted(files))
    return detect(paths, dict.fromkeys(needed(paths), b""), Setting(tools=tools))


def test_the_root_says_which_client_builds_and_maven_comes_first() -> None:
    [command] = plan_for("pom.xml", "build.gradle", TEST).commands
    assert (command.runner, command.argv[-2:]) == ("maven", ("clean", "test"))
    [command] = plan_for("build.gradle.kts", TEST).commands
    assert (command.runner, command.chosen_by) == ("gradle", "build.gradle.kts")
    assert plan_for("part/pom.xml", f"part/{TEST}").commands == ()
    assert plan_for("pom.xml", "src/main/java/a/Calc.java").commands == (), "no tests"


def test_a_client_that_lacks_is_told_once() -> None:
    assert plan_for("pom.xml", TEST, tools={}).missing == ("the toolchain of Maven (pom.xml)",)
    assert plan_for("build.gradle", TEST, tools={}).missing == ("the toolchain of Gradle (build.gradle)",)
    files = ("pom.xml", TEST)
    assert detect(files, {}, Setting(problems=("no Java",))).missing == ("no Java",)


def test_a_run_can_be_narrowed_to_files() -> None:
    asked = Asked(nonce=NONCE, only=(f"part/{TEST}", "pom.xml"))
    [command] = plan_for("pom.xml", TEST).commands
    assert "-Dtest=CalcTest" in maven.start(command, asked).argv
    assert maven.start(command, Asked(nonce=NONCE)).argv[-2:] == ("clean", "test")
    odd = Asked(nonce=NONCE, only=("src/test/java/a/!CalcTest.java", "src/test/java/a/A,!CalcTest.java"))
    assert maven.start(command, odd).argv[-2:] == ("clean", "test"), "names that would leave others out"
    [command] = plan_for("build.gradle", TEST).commands
    assert gradle.start(command, asked).argv[-2:] == ("--tests", "*CalcTest")
    for start in (maven.start(command, asked), gradle.start(command, asked)):
        assert NONCE.encode() in start.stdin
        assert not [word for word in start.argv if NONCE in word], "what others may read"


def report(*cases: str, path: str = "./target/surefire-reports/TEST-a.CalcTest.xml", size: int | None = None) -> bytes:
    text = ("<testsuite>" + "".join(cases) + "</testsuite>").encode()
    return f"{NONCE} report {len(text) if size is None else size} {path}\n".encode() + text + b"\n"


def case(name: str, inner: str = "", of: str = "a.CalcTest") -> str:
    return f'<testcase name="{name}" classname="{of}">{inner}</testcase>'


def told(*parts: bytes, code: int = 0, declared: str = f"{TEST}:public class CalcTest") -> Told:
    classes = b"".join(f"{NONCE} class ./{line}\n".encode() for line in declared.split("|"))
    return junit_xml.read(classes + b"".join(parts) + f"{NONCE} end {code}\n".encode(), NONCE, "pom.xml")


def test_results_stand_by_the_file_of_their_class() -> None:
    frames = (
        "java.lang.AssertionError: no\n\tat org.junit.Assert.fail(Assert.java:8)\n\tat a.CalcTest.no(CalcTest.java:12)"
    )
    found = told(
        report(
            case("adds"),
            case("many(int)[1]"),
            case("off", "<skipped/>"),
            case("no", f'<failure message="it is  no"><![CDATA[{frames}]]></failure>'),
            case("breaks", '<error type="java.io.IOException"/>'),
            case("inner", of="a.CalcTest$Inner"),
            case("", of="a.CalcTest"),
        ),
        code=1,
    )
    assert [(test.test_id.partition("::")[2], test.outcome.value, test.message) for test in found.tests] == [
        ("adds", "passed", ""), ("many(int)[1]", "passed", ""), ("off", "skipped", ""), ("no", "failed", "it is no"),
        ("breaks", "failed", "java.io.IOException"), ("Inner.inner", "passed", ""), ("(class)", "passed", ""),
    ]  # fmt: skip
    assert {test.test_id.partition("::")[0] for test in found.tests} == {TEST}
    assert (found.tests[3].where, found.end) == (f"{TEST}:12", 1)


def test_a_class_is_found_in_its_own_module_and_beside_another() -> None:
    declared = f"one/{TEST}:class CalcTest|two/{TEST}:class CalcTest|two/{TEST}:class SecondTest"
    path = "./two/target/surefire-reports/TEST-a.xml"
    found = told(report(case("x"), case("y", of="a.SecondTest"), case("z", of="b.Other"), path=path), declared=declared)
    assert [test.test_id for test in found.tests] == [
        f"two/{TEST}::x", f"two/{TEST}::SecondTest.y", "b/Other::z",
    ]  # fmt: skip


def test_runs_of_one_name_are_counted() -> None:
    found = told(report(case("many"), case("many"), case("many")))
    assert [test.test_id for test in found.tests] == [f"{TEST}::many", f"{TEST}::many[2]", f"{TEST}::many[3]"]
    assert {function_of(test.test_id) for test in found.tests} == {f"{TEST}::many"}
    assert function_of(f"{TEST}::many{{int}}[1]") == function_of(f"{TEST}::many(int)[2]") == f"{TEST}::many"


def test_what_a_test_prints_is_no_result() -> None:
    noise = b"other report 5 ./x\n<a/>\nn0nce-but-not end 0\n" + report(case("a")).replace(NONCE.encode(), b"guess")
    assert told(noise).tests == ()
    assert told(report(case("a"), size=10)).tests == (), "a file that was cut"
    assert junit_xml.read(report(case("a")), NONCE, "pom.xml").end is None, "without its end it is no run"


@pytest.mark.parametrize(
    "text",
    [
        "<testsuite><testcase name='a'",
        '<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>',
        "",
    ],
)
def test_a_report_that_is_not_sound_tells_nothing(text: str) -> None:
    record = f"{NONCE} report {len(text)} ./target/surefire-reports/TEST-a.xml\n{text}\n".encode()
    assert told(record, report(case("adds"))).tests[0].test_id == f"{TEST}::adds"


@pytest.mark.parametrize(
    ("console", "test_id", "message"),
    [
        (
            "[ERROR] /workspace/src/main/java/a/Calc.java:[3,9] ';' expected",
            "src/main/java/a/Calc.java",
            "';' expected",
        ),
        ("/workspace/src/main/java/a/Calc.java:3: error: no such thing", "src/main/java/a/Calc.java", "no such thing"),
        ("[INFO] x\n[ERROR] Plugin a:b:1 could not be resolved", "pom.xml", "Plugin a:b:1 could not be resolved"),
        ("nothing", "pom.xml", "the build failed and no test did"),
    ],
)
def test_a_build_that_fails_beside_its_tests_is_red(console: str, test_id: str, message: str) -> None:
    [passed, failed] = told(f"{console}\n".encode(), report(case("adds")), code=1).tests
    assert passed.outcome is TestOutcome.PASSED
    assert (failed.test_id, failed.message, failed.is_collection) == (test_id, message, True)
    assert len(told(f"{console}\n".encode(), report(case("adds"))).tests) == 1, "a warning of a build that is green"


def test_check_configuration_is_told_from_the_rest() -> None:
    whole = {
        ".mvn/maven.config", "src/test/resources/junit-platform.properties", "src/test/resources/testng.xml",
        "src/test/resources/META-INF/services/org.junit.platform.launcher.TestExecutionListener",
        "src/main/resources/META-INF/services/javax.annotation.processing.Processor",
        "build.gradle", "part/build.gradle.kts", "gradle.properties", "buildSrc/src/main/java/A.java",
        "gradle/wrapper/gradle-wrapper.properties",
    }  # fmt: skip
    assert {path for path in whole if not table.is_check_file(path)} == set()
    for path in ("pom.xml", "a/pom.xml"):
        assert (table.is_check_file(path), table.is_shared_check_file(path)) == (False, True)
    for path in ("src/test/resources/pom.xml", "src/main/java/a/Calc.java", "src/main/resources/META-INF/services/a.B"):
        assert (table.is_check_file(path), table.is_shared_check_file(path)) == (False, False)


POM = """\
<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <artifactId>a</artifactId>
  <properties><skipTests>false</skipTests><junit>4.13</junit><java>17</java></properties>
  <dependencies></dependencies>
  <build><source>${java}</source></build>
</project>
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<skipTests>false", "<skipTests>true"), ("<skipTests>false</skipTests>", ""), ("<java>17", "<java>8"),
        ("<junit>", "<maven.test.failure.ignore>true</maven.test.failure.ignore><junit>"),
        ("<build><source>${java}</source></build>", "<build/>"), ("<build><source>${java}</source></build>", ""),
        ("<source>", "<testFailureIgnore>true</testFailureIgnore><source>"),
        ("</build>", "</build><profiles><profile><activation/></profile></profiles>"),
    ],
)  # fmt: skip
def test_the_checks_of_a_pom_are_put_back_and_its_dependencies_stay(old: str, new: str) -> None:
    assert old in POM
    after = POM.replace(old, new).replace("<dependencies>", "<dependencies><dependency/>").encode()
    mended = with_base_checks(POM.encode(), after)
    assert mended is not None
    assert b"<dependency/>" in mended, "what the change needs"
    assert differences(POM.encode(), after)
    assert differences(POM.encode(), mended) == ()


def test_other_properties_and_parts_are_the_change_s() -> None:
    after = POM.replace("<junit>4.13", "<junit>4.14").replace("<artifactId>a", "<artifactId>b").encode()
    assert with_base_checks(POM.encode(), after) == after
    assert differences(POM.encode(), after) == ()


def test_a_pom_without_properties_gets_them_back() -> None:
    after = "<project><build/></project>"
    mended = with_base_checks(POM.encode(), after.encode())
    assert mended is not None
    assert b"<properties><java>17</java><skipTests>false</skipTests></properties>" in mended


@pytest.mark.parametrize(
    "after",
    [
        b"<project><build>", b"", b"<m:project xmlns:m='x'><m:build/></m:project>",
        b"<project><build/><build/></project>",
        b'<!DOCTYPE project [<!ENTITY a "b">]><project></project>',
        '<?xml version="1.0" encoding="UTF-16"?><project><build/></project>'.encode("utf-16"),
        b"<project><properties/><properties><skipTests>true</skipTests></properties></project>",
        b'<project><build a=">"></build></project>',
    ],
)  # fmt: skip
def test_a_pom_that_is_not_understood_is_the_base_s(after: bytes) -> None:
    mended = with_base_checks(POM.encode(), after)
    assert mended is not None
    assert differences(POM.encode(), mended) == ()


def test_a_new_pom_brings_no_build_of_its_own() -> None:
    mended = with_base_checks(None, POM.encode())
    assert mended is not None
    assert b"<build>" not in mended
    assert b"skipTests" not in mended
    assert b"<junit>4.13</junit>" in mended


def test_a_parent_s_version_may_rise_and_another_parent_is_told() -> None:
    parent = "<project><parent><artifactId>{}</artifactId><version>{}</version></parent></project>"
    one, later, other = (parent.format(*words).encode() for words in (("a", "1"), ("a", "2"), ("b", "1")))
    assert differences(one, later, ("parent",)) == ()
    assert differences(one, other, ("parent",)) == ("parent",)

"""Which verifiers Node and Go have, from files alone; and what their runners' own words come to."""

import json

import pytest

from honk.verifier import Command, Plan
from honk.verifier.compare import function_of
from honk.verifier.detect import Setting, detect, needed
from honk.verifier.ecosystems import go, node, table
from honk.verifier.ecosystems.node_scripts import invocation_of, read_script
from honk.verifier.results import TestOutcome

TOOLS = {"node": "/n/node", "npm": "/n/npm", "go": "/g/go"}


def plan_for(files: dict[str, str]) -> Plan:
    paths = tuple(sorted(files))
    return detect(paths, {path: files[path].encode() for path in needed(paths)}, Setting(tools=TOOLS))


def package(test: str | None = None, **more: object) -> dict[str, str]:
    scripts = more.pop("scripts", {})
    assert isinstance(scripts, dict)
    return {"package.json": json.dumps({"scripts": {**scripts, **({"test": test} if test else {})}, **more})}


@pytest.mark.parametrize(
    ("script", "argv"),
    [
        ("jest", ("/n/node", "jest")),
        ("jest --coverage --config ci.js -w 2", ("/n/node", "jest", "--config", "ci.js", "-w", "2")),
        (
            "NODE_ENV=test npx mocha -r ts-node/register test/*.ts",
            ("env", "NODE_ENV=test", "/n/node", "mocha", "-r", "ts-node/register", "test/*.ts"),
        ),
        (
            "cross-env A=1 c8 --100 node --import tsx --test test/",
            ("env", "A=1", "/n/node", "--import", "tsx", "node:test", "test/"),
        ),
        ("vitest run --dir lib", ("/n/node", "vitest", "--dir", "lib")),
        ("node --experimental-vm-modules node_modules/jest/bin/jest", ("/n/node", "--experimental-vm-modules", "jest")),
        ("standard && nyc mocha --reporter spec --exit", ("/n/node", "mocha", "--exit")),
    ],
)  # fmt: skip
def test_the_base_s_own_script_says_which_runner_and_how(script: str, argv: tuple[str, ...]) -> None:
    command = plan_for(package(script)).commands[0]
    assert (command.argv, command.chosen_by) == (argv, "package.json [scripts.test]")
    assert command.runner == next(word for word in argv if word in table.RUNNERS)


def test_scripts_that_a_script_calls_are_followed_and_linters_left_out() -> None:
    scripts = {
        "pretest": "npm run lint && npm run build", "lint": "eslint .", "build": "tsc -p .", "test": "npm run -s unit",
        "unit": "mocha && node extra.js", "posttest": "npm audit",
    }  # fmt: skip
    found = read_script(scripts)
    assert (found.before, [one.runner for one in found.runners], found.others) == (
        ("tsc -p .",), ["mocha"], ("node extra.js",),
    )  # fmt: skip
    plan = plan_for(package(scripts=scripts))
    assert [(command.name, command.runner) for command in plan.commands] == [
        ("mocha", "mocha"),
        ("node extra.js", None),
    ]
    assert plan.commands[0].prepare[0].endswith("; tsc -p .")
    assert read_script({"test": "npm test"}).before == (), "a script that calls itself ends"


def test_what_is_joined_in_any_other_way_is_one_line() -> None:
    for line in ("jest | tee log", "jest || true", "jest; true", "jest > log", "jest $ONLY", "jest & wait"):
        assert invocation_of(line) is None
        assert read_script({"test": line}).before == (line,)
    assert read_script({"test": "mocha '&& x'"}).runners[0].words == ("&& x",)


def test_a_build_that_the_tests_need_is_the_change_s_own() -> None:
    built = package("jest", main="dist/index.js", scripts={"build": "tsc"})
    assert plan_for({**built, "src/index.ts": ""}).commands[0].prepare[0].endswith("; tsc")
    assert plan_for({**built, "dist/index.js": ""}).commands[0].prepare == ()


def test_a_runner_that_is_none_of_ours_is_run_as_it_is() -> None:
    [command] = plan_for(package("tape test/*.js", scripts={"posttest": "aud --production"})).commands
    assert (command.name, command.runner) == ("npm test", None)
    assert command.argv[-1].endswith("; tape test/*.js")


def test_without_a_script_the_installed_runner_or_the_tests_decide() -> None:
    assert plan_for({**package(devDependencies={"vitest": "1"}), "a.test.ts": ""}).commands[0].runner == "vitest"
    found = plan_for({**package(), "a.test.js": "import test from 'node:test'\n"}).commands[0]
    assert (found.runner, found.chosen_by) == ("node:test", "a.test.js")
    assert plan_for(package()).commands == ()


def test_what_the_configuration_loads_is_guarded() -> None:
    files = {
        **package("mocha -r ./test/hook.js", jest={"setupFiles": ["<rootDir>/test/setup.ts"]}),
        ".mocharc.yml": "require: test/other\n",
        **dict.fromkeys(("test/hook.js", "test/setup.ts", "test/other.js", "src/a.js"), ""),
    }  # fmt: skip
    assert plan_for(files).commands[0].guarded == ("test/hook.js", "test/other.js", "test/setup.ts")


def test_linters_count_where_they_are_configured_and_installed() -> None:
    files = {
        **package("jest", devDependencies={"typescript": "5", "eslint": "9"}),
        "tsconfig.json": "{}",
        "eslint.config.js": "",
    }
    assert [command.name for command in plan_for(files).commands] == ["jest", "tsc", "eslint"]
    assert [command.name for command in plan_for({**package("jest"), "tsconfig.json": "{}"}).commands] == ["jest"]


def test_check_keys_of_a_manifest_are_the_base_s_and_the_rest_the_change_s() -> None:
    before = json.dumps({"scripts": {"test": "jest"}, "version": "1"}).encode()
    after = json.dumps({"scripts": {"test": "true"}, "jest": {"testMatch": []}, "version": "2"}).encode()
    assert json.loads(node.mend("package.json", before, after) or b"") == {"scripts": {"test": "jest"}, "version": "2"}
    assert node.mend("package.json", before, b"{") == before
    same = json.dumps({"version": "2", "scripts": {"test": "jest"}}).encode()
    assert node.mend("package.json", before, same) == same


def test_node_s_test_and_check_files_are_told_apart() -> None:
    tests = ("a.test.js", "b.spec.ts", "test/c.js", "x/__tests__/d.tsx", "test-e.mjs", "f_test.cjs")
    assert all(node.is_test_file(path) for path in tests)
    assert not any(
        node.is_test_file(path) for path in ("latest.js", "src/contest.ts", "node_modules/a/test/b.js", "a.d.ts")
    )
    checks = ("jest.config.ts", ".mocharc.yml", ".eslintrc.json", "a/vitest.config.mts", "tsconfig.json")
    assert all(node.is_check_file(path) for path in checks)
    assert not node.is_check_file("babel.config.js")


def test_go_is_tested_and_vetted_where_it_has_tests() -> None:
    plan = plan_for({"go.mod": "module a\n", "a_test.go": ""})
    assert [(command.name, command.runner) for command in plan.commands] == [("go test", "go test"), ("go vet", None)]
    assert plan_for({"go.mod": "module a\n", "vendor/x/a_test.go": "", "testdata/b_test.go": ""}).commands == ()


def events(*told: dict[str, str]) -> bytes:
    lines = ["N package ex/a /w", "N package ex/a/sub /w/sub", "N root /w", "N function ./a_test.go:func TestA",
             "N function ./sub/b_test.go:func TestB", "noise"]  # fmt: skip
    return "\n".join([*lines, *(json.dumps(event) for event in told)]).encode()


def test_go_s_events_become_tests_by_file() -> None:
    told = go.read(
        events(
            {"Action": "pass", "Package": "ex/a", "Test": "TestA/case_one"},
            {"Action": "pass", "Package": "ex/a", "Test": "TestA"},
            {"Action": "pass", "Package": "ex/a"},
            {"Action": "output", "Package": "ex/a/sub", "Test": "TestB", "Output": "    b_test.go:7: want 1\n"},
            {"Action": "fail", "Package": "ex/a/sub", "Test": "TestB"},
            {"Action": "fail", "Package": "ex/a/sub"},
        ),
        "N",
    )
    assert [(test.test_id, test.outcome) for test in told.tests] == [
        ("a_test.go::TestA/case_one", TestOutcome.PASSED),
        ("a_test.go::TestA", TestOutcome.PASSED),
        ("sub/b_test.go::TestB", TestOutcome.FAILED),
    ]
    assert (told.tests[2].where, told.tests[2].message) == ("sub/b_test.go:7", "want 1")
    assert told.end == 1
    assert b"want 1" in told.log


def test_a_package_of_go_that_fails_beside_its_tests_is_a_file_that_did_not_load() -> None:
    told = go.read(
        events({"Action": "pass", "Package": "ex/a", "Test": "TestA"}, {"Action": "fail", "Package": "ex/a"}), "N"
    )
    assert [(test.test_id, test.is_collection) for test in told.tests] == [("a_test.go::TestA", False), (".", True)]
    assert go.read(events(), "N").end is None, "nothing came to an end"


def test_a_run_of_go_is_narrowed_to_packages() -> None:
    command = Command(name="go test", argv=("go", "test", "-json", "./..."), chosen_by="go.mod", is_required=True)
    start = go.start(command, go.Asked(nonce="N", only=("a_test.go", "sub/b_test.go", "sub/c_test.go")))
    assert start.argv[-3:] == ("-json", "./.", "./sub")


def test_what_a_function_s_parameters_are_depends_on_the_language() -> None:
    assert function_of("a_test.go::TestA/case_one") == "a_test.go::TestA"
    assert function_of("test_a.py::test_a[1/2]") == "test_a.py::test_a"
    assert function_of("a.test.js::list > takes [1] and a/b") == "a.test.js::list > takes [1] and a/b"

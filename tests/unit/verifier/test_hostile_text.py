"""Text that is made to stop whoever reads it: every reader answers, and soon."""

import time
from collections.abc import Iterator

import pytest

from honk.base import toml
from honk.domain.change import ChangedFile, Edit
from honk.verifier import honk_toml, sections
from honk.verifier.anatomy import dissect
from honk.verifier.distill import distill
from honk.verifier.guard import Changed
from honk.verifier.results import read_channel
from honk.verifier.room import count_tests
from honk.verifier.rulebook import manifests
from honk.verifier.rulebook.asked import asked_of
from honk.verifier.rules import RULES, package_scripts

DOTTED = "a" + ".a" * 20_000 + " = 1"


@pytest.fixture(autouse=True)
def quickly() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("text", [DOTTED, "a = " + "[" * 20_000, "a = " + "1" * 5_000, "a = '"])
def test_t44_toml_is_refused_with_one_kind_of_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        toml.loads(text)
    assert sections.check_tables(text.encode()) == {}
    with pytest.raises(honk_toml.HonkTomlError):
        honk_toml.parse(text.encode())


@pytest.mark.parametrize("unit", ["\x1b]", "\x1b[", "error ", "a.b:", "\x1b]\x1b\\"])
def test_t44_a_log_of_nothing_but_beginnings_is_distilled(unit: str) -> None:
    assert len(distill(unit * 50_000).encode()) <= 4096


def test_t44_a_count_of_tests_that_is_no_number_is_none() -> None:
    assert count_tests("1" * 5_000 + " passed" + "\n" * 50_000 + "3 passed") == 3


@pytest.mark.parametrize("source", [b"x = " + b"-" * 20_000 + b"1", b"(" * 5_000, b"x = " + b"1" * 5_000])
def test_t44_code_that_no_parser_can_take_is_no_code(source: bytes) -> None:
    assert dissect(b"def test_a():\n    " + source) is None


def test_t44_scripts_that_never_end_are_looked_at_once() -> None:
    file = ChangedFile(path="package.json", edit=Edit.MODIFIED)
    changed = [Changed(file=file, before=b"", after=b'"scripts":{' * 40_000)]
    assert list(package_scripts(changed, honk_toml.HonkToml())) == []


@pytest.mark.parametrize("record", ["[" * 100_000, '{"kind": "end", "exit_code": ' + "1" * 5_000 + "}"])
def test_t44_a_record_that_cannot_be_read_is_noise(record: str) -> None:
    assert read_channel(f"n {record}\n".encode(), "n").end is None


@pytest.mark.parametrize("unit", ["\n", "1.", "a.", "a/", "\t", "a@1", " /a@1"])
@pytest.mark.parametrize(
    "path", ["go.mod", "pnpm-lock.yaml", "yarn.lock", "pom.xml", "build.gradle", "requirements.txt"]
)
def test_t44_a_manifest_of_nothing_but_beginnings_asks_for_nothing(path: str, unit: str) -> None:
    manifests.required(path, (unit * 50_000).encode())


def test_t44_a_version_too_long_for_a_number_has_an_order() -> None:
    assert manifests.is_lower("1" * 5_000, "2") in (True, False)


@pytest.mark.parametrize(
    ("path", "unit"),
    [("src/a.rs", "use "), ("src/a.rs", "no_mangle "), ("src/main/java/A.java", "Runtime "), ("a.py", "use ")],
)
def test_t44_a_line_of_nothing_but_beginnings_is_read_by_every_rule(path: str, unit: str) -> None:
    entry = Changed(file=ChangedFile(path=path, edit=Edit.MODIFIED), before=b"", after=unit.encode() * 15_000)
    for rule in RULES:
        list(rule((entry,), asked_of(None)))

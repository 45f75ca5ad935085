"""Keys of Cargo.toml that decide how a change is checked are the base's; everything else is the change's."""

import tomllib

import pytest

from honk.domain.change import ChangedFile, Edit
from honk.domain.evidence import Severity
from honk.verifier.cargo_keys import build_keys, check_keys, own_harnesses, with_base_keys
from honk.verifier.guard import Changed
from honk.verifier.honk_toml import HonkToml
from honk.verifier.rules import findings

BASE = """\
[package]
name = "a"
version = "0.1.0"

[dependencies]
b = "1"

[profile.test]
overflow-checks = true

[[test]]
name = "ui"
path = "tests/ui.rs"
"""
LIBRARY = '\n[lib]\nname = "a"\n'


@pytest.mark.parametrize(
    "added",
    [
        "\n[profile.dev]\noverflow-checks = false\n",
        "\n[profile.test.package.b]\nopt-level = 3\n",
        "\n[lib]\ntest = false\ndoctest = false\n",
        "\n[lib]\nharness = false\n",
        '\n[[test]]\nname = "more"\nharness = false\n',
        '\n[lints.rust]\nunused = "allow"\n',
        '\n[workspace]\n\n[workspace.lints.clippy]\nall = "allow"\n',
        '\n[workspace]\nmembers = ["x"]\ndefault-members = ["x"]\n',
    ],
)
def test_a_key_that_weakens_is_put_back_and_the_rest_stays(added: str) -> None:
    head = BASE.replace('b = "1"', 'b = "2"') + added
    assert check_keys(head.encode()) != check_keys(BASE.encode())
    mended = with_base_keys(BASE.encode(), head.encode())
    assert mended is not None
    assert check_keys(mended) == check_keys(BASE.encode())
    assert tomllib.loads(mended.decode())["dependencies"] == {"b": "2"}


def test_a_key_that_is_taken_away_comes_back() -> None:
    base = (BASE + LIBRARY + "doctest = true\n").encode()
    head = BASE.replace("overflow-checks = true", "overflow-checks = false").replace(
        '[[test]]\nname = "ui"', "[x]\ny = 1"
    )
    mended = with_base_keys(base, (head + LIBRARY).encode())
    assert mended is not None
    assert check_keys(mended) == check_keys(base)
    assert "x" in tomllib.loads(mended.decode())


def test_a_package_s_autotests_are_the_base_s() -> None:
    head = BASE.replace('version = "0.1.0"', 'version = "0.2.0"\nautotests = false')
    mended = tomllib.loads((with_base_keys(BASE.encode(), head.encode()) or b"").decode())
    assert mended["package"] == {"name": "a", "version": "0.2.0"}


def test_what_leaves_the_checks_alone_is_left_alone() -> None:
    head = BASE.replace('b = "1"', 'b = "2"').encode()
    assert with_base_keys(BASE.encode(), head) is head
    assert with_base_keys(None, b'[package]\nname = "new"\n') == b'[package]\nname = "new"\n'


@pytest.mark.parametrize(
    "head",
    [
        b"[", b"\xff", b"[" * 5000, b"profile.test.debug = 1\n",
        b'profile = { test = { overflow-checks = false } }\n[package]\nname = "a"\n',
        b'[package]\nname = "a"\nlints.workspace = true\ntest = """\n[profile.test]\n"""\n',
        (BASE + '\n[[bin]]\nname = "a"\npath = "m.rs"\ntest = false\nharness = { a = 1 }\n').encode(),
    ],
)  # fmt: skip
def test_whatever_is_in_it_the_checks_are_the_base_s(head: bytes) -> None:
    mended = with_base_keys(BASE.encode(), head)
    assert mended is not None
    assert check_keys(mended) == check_keys(BASE.encode())


def test_who_compiles_and_who_tests_is_told() -> None:
    manifest = b'[package]\nbuild = "b.rs"\n[lib]\nproc-macro = true\n[patch.crates-io]\nb = { path = "b" }\n'
    assert set(build_keys(manifest)) == {"[package] build", "[lib] proc-macro", "[patch]"}
    assert own_harnesses(b'[[test]]\nname = "ui"\nharness = false\n[[bench]]\nharness = false\n') == ("ui",)
    assert own_harnesses(b"test = 1\nlib = 2\n") == ()


def said(before: str | None, after: str, path: str) -> set[tuple[str, Severity]]:
    edit = Edit.MODIFIED if before is not None else Edit.ADDED
    file = ChangedFile(path=path, edit=edit, old_mode="100644", new_mode="100644")
    changed = Changed(file=file, before=None if before is None else before.encode(), after=after.encode())
    return {(one.rule, one.severity) for one in findings([changed], HonkToml())}


def test_a_person_looks_at_keys_that_check_and_at_what_runs_while_others_compile() -> None:
    assert ("check configuration", Severity.NEEDS_HUMAN) in said(BASE, BASE + "[lib]\ntest = false\n", "Cargo.toml")
    assert ("build scripts", Severity.NEEDS_HUMAN) in said(BASE, BASE + "[lib]\nproc-macro = true\n", "a/Cargo.toml")
    assert said(BASE, BASE.replace('b = "1"', 'b = "1.1"'), "Cargo.toml") == set()
    assert ("check configuration", Severity.NEEDS_HUMAN) in said(None, "[build]\n", ".cargo/config.toml")


DOCUMENTED = "/// Adds.\n///\n/// ```\n/// assert_eq!(a::add(1, 2), 3);\n/// ```\npub fn add() {}\n"


def test_an_example_that_is_gone_is_a_test_that_is_gone() -> None:
    assert ("deleted test", Severity.NEEDS_HUMAN) in said(DOCUMENTED, "pub fn add() {}\n", "src/lib.rs")
    assert said(DOCUMENTED, DOCUMENTED.replace("Adds", "Sums"), "src/lib.rs") == set()


@pytest.mark.parametrize(
    "line",
    [
        "macro_rules! assert_eq { ($($x:tt)*) => {} }", "use quiet::nothing as assert;", "use quiet::test;",
        '#[unsafe(link_section = ".init_array")]', "#[ctor::ctor]", '#[path = "other.rs"]', '"--logfile"',
        "macro_rules!\nassert_eq { () => {} }", "use quiet::{\n    nothing as\n    assert,\n};",
        "use std::env::{\n    args,\n};",
        "use std::env as e;", "use std::env::*;",
        "#![feature(custom_test_frameworks)]", "unsafe { File::from_raw_fd(3) }", 'File::open("/proc/self/fd/1")',
    ],
)  # fmt: skip
def test_a_person_looks_at_ways_into_the_harness(line: str) -> None:
    found = said("fn a() {}\n", f"fn a() {{}}\n{line}\n", "src/a.rs")
    assert ("reaches for the runner", Severity.NEEDS_HUMAN) in found


@pytest.mark.parametrize(
    "now", ['{ path = "quiet" }', '{ version = "1", package = "quiet" }', '{ git = "https://q.test" }']
)
def test_a_person_looks_at_a_crate_that_takes_anothers_place(now: str) -> None:
    before = '[package]\nname = "a"\n[dev-dependencies]\ncheck = "1"\nown = { path = "own" }\n'
    assert said(before, before.replace('"1"', now), "Cargo.toml") == {("build scripts", Severity.NEEDS_HUMAN)}
    assert (
        said(before, before.replace('"1"', '{ version = "2" }') + 'more = { path = "more" }\n', "Cargo.toml") == set()
    )


def test_only_a_program_reads_the_words_it_was_started_with() -> None:
    reads = "fn a() {}\nfn b() { std::env::args_os().nth(2); }\n"
    assert said("fn a() {}\n", reads, "tests/a.rs") == {("reaches for the runner", Severity.NEEDS_HUMAN)}
    assert said("fn a() {}\n", reads, "src/main.rs") == said("fn a() {}\n", reads, "src/bin/b.rs") == set()


@pytest.mark.parametrize(
    "line",
    [
        "fn b() { std::process::exit(1); }", "macro_rules! same { () => {} }", "use std::fmt as f;",
        "use super::tests::thing;", "use std::env;", "/// The path of a file.",
    ],
)  # fmt: skip
def test_ordinary_rust_reaches_for_nothing(line: str) -> None:
    assert said("fn a() {}\n", f"fn a() {{}}\n{line}\n", "src/a.rs") == set()

"""The entry: what is refused before anything begins, and what a fault looks like."""

import io
import os
import sys
from pathlib import Path

import pytest

from honk.base.errors import HonkError, PlatformError, UsageError
from honk.cli import faults, main
from honk.cli.desk import CALLER_DIRECTORY, open_desk, person_path
from honk.cli.run import limits_of, read_prompt
from honk.config import read_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HONK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


ELSEWHERE = [("Darwin", "arm64"), ("Linux", "aarch64"), ("Windows", "AMD64"), ("", "")]


@pytest.mark.parametrize(("system", "machine"), ELSEWHERE)
def test_elsewhere_than_linux_on_x86_64_it_says_so(system: str, machine: str) -> None:
    assert "client" in (main.refused_platform(system, machine) or "")


def test_linux_on_x86_64_is_fine() -> None:
    assert main.refused_platform("Linux", "x86_64") is None


def test_another_platform_ends_with_two_before_anything_begins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    monkeypatch.setattr(sys, "argv", ["honk", "run", "fix it"])
    assert main.main() == 2
    assert "Nothing was begun" in capsys.readouterr().err
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "is_harmless"),
    [
        (["version"], True),
        (["run", "--help"], True),
        ([], True),
        (["run", "version"], False),
        (["run", "--", "--help"], False),
        (["doctor"], False),
    ],
)
def test_only_words_are_given_without_a_look_at_rights(arguments: list[str], is_harmless: bool) -> None:
    assert main.asks_for_words_only(arguments) is is_harmless


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", ""],
        ["run", " \n\t"],
        ["run", "x" * (101 << 10)],
        ["run", "fix", "--max-usd", "0"],
        ["run", "fix", "--max-usd", "nan"],
        ["run", "fix", "--max-minutes", "inf"],
        ["run", "fix", "--sandbox", "docker"],
        ["run", "fix", "--colour"],
        ["pr", "merge", "0"],
        ["pr", "merge", "seven"],
        ["fly"],
        pytest.param(["demo", "--live"], marks=pytest.mark.slow),
    ],
)
def test_a_wrong_call_is_two_and_says_why(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert main._run(arguments) == 2
    told = capsys.readouterr().err
    assert told.strip()
    assert "as root" not in told, "refused for another reason"
    assert "Traceback" not in told


@pytest.mark.parametrize("group", [[], ["pr"], ["task"]])
def test_no_verb_s_help_is_cut_off_in_the_list_of_verbs(group: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main._run([*group, "--help"]) == 0
    cut_off = [line for line in capsys.readouterr().out.splitlines() if line.endswith("...")]
    assert [line for line in cut_off if "[OPTIONS]" not in line] == []


def test_a_prompt_of_another_encoding_is_refused() -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        read_prompt("-", io.BytesIO(b"caf\xe9"))
    with pytest.raises(UsageError, match="not UTF-8"):
        read_prompt("caf\udce9", io.BytesIO())


def test_a_prompt_comes_from_standard_input_for_a_dash() -> None:
    assert read_prompt("-", io.BytesIO("café ♪\n".encode())) == "café ♪"


@pytest.mark.parametrize(("size", "words"), [((64 << 10) + 1, "65,537 bytes long"), (2 << 20, "longer than")])
def test_a_prompt_that_is_too_long_hears_the_one_limit(size: int, words: str) -> None:
    with pytest.raises(UsageError, match=rf"{words}.*; 65,536 is the most\. Nothing was begun"):
        read_prompt("-", io.BytesIO(b"x" * size))


def test_a_wrong_setting_is_named_with_what_may_stand_there(home: Path) -> None:
    with pytest.raises(UsageError, match=r"sandbox: Input should be 'bubblewrap' or 'none'\. Nothing was begun"):
        read_settings(sandbox="docker")


def test_half_a_price_is_a_wrong_setting(home: Path) -> None:
    with pytest.raises(UsageError, match=r"model\.prices\.own\.output: Field required\. Nothing was begun"):
        read_settings(model={"prices": {"own": {"input": 3}}})


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        ({"committer": "Honk"}, "NAME <E-MAIL>"),
        ({"committer": "asker"}, "NAME <E-MAIL>"),
        ({"author": "x\nSigned-off-by: <a@b.c>"}, "NAME <E-MAIL>"),
        ({"signing": "ssh"}, "signing_key"),
        ({"signing": "gpg", "signing_key": "--output=x"}, "signing_key"),
        ({"signing": "x509", "signing_key": "x"}, "'off', 'ssh' or 'gpg'"),
        ({"signoff": True}, "signoff: there is no such setting"),
    ],
)
def test_an_identity_that_could_not_commit_is_refused_with_its_name(
    home: Path, identity: dict[str, object], why: str
) -> None:
    with pytest.raises(UsageError, match=rf"identity.*{why}"):
        read_settings(identity=identity)


def test_limits_are_the_settings_unless_a_person_says_otherwise() -> None:
    limits = limits_of(read_settings(), 0.5, 2.0)
    assert (limits.cost_usd, limits.wall_seconds, limits.attempts) == (0.5, 120.0, 3)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_limit_that_limits_nothing_is_refused(number: float) -> None:
    with pytest.raises(UsageError, match="--max-usd"):
        limits_of(read_settings(), number, None)
    with pytest.raises(UsageError, match="--max-minutes"):
        limits_of(read_settings(), None, number)


def test_a_path_means_what_it_meant_where_the_person_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CALLER_DIRECTORY, "/home/ada/code")
    assert person_path(Path("../music")) == Path("/home/ada/code/../music")
    assert person_path(Path("/srv/x")) == Path("/srv/x")
    assert person_path(None) == Path("/home/ada/code")


def test_the_house_is_never_opened_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PlatformError, match="root"):
        open_desk(read_settings(home=Path("/nowhere")))


def test_a_fault_of_ours_is_a_short_report_and_a_trace_in_a_file(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "very-secret-value")
    with pytest.raises(ExceptionGroup) as raised:
        raise ExceptionGroup("tasks", [ZeroDivisionError("by very-secret-value")])
    assert faults.report(raised.value) == 1
    told = capsys.readouterr().err
    assert told.startswith("honk: a fault of Honk itself: ZeroDivisionError: by")
    assert "very-secret-value" not in told
    assert "honk task resume" in told
    assert "Traceback" not in told
    [log] = (home / "logs").iterdir()
    assert str(log) in told
    assert "Traceback" in log.read_text()
    assert "very-secret-value" not in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_our_own_errors_speak_for_themselves_out_of_a_group(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    group = ExceptionGroup("tasks", [ValueError("noise"), UsageError("No such branch: \x1b[31mmian")])
    assert faults.report(group) == 2
    assert capsys.readouterr().err == "honk: No such branch: mian\n"
    assert not home.exists()
    assert faults.report(HonkError("The disk is full.")) == 1


def test_a_trace_that_cannot_be_kept_is_no_second_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HONK_HOME", str(tmp_path / "file"))
    assert faults.report(RuntimeError("x")) == 1
    assert "could not be kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "environment", "client"),
    [
        (["run", "x", "--server", "https://a.test"], {}, True), (["task", "list", "--server=https://a.test"], {}, True),
        (["mcp"], {"HONK_SERVER": "https://a.test"}, True), (["run", "x"], {}, False), (["task"], {}, False),
        (["run", "--", "--server"], {}, False), (["gc"], {"HONK_SERVER": "https://a.test"}, False),
        (["task", "delete", "x"], {"HONK_SERVER": "https://a.test"}, False), (["serve", "--server", "x"], {}, False),
    ],
)  # fmt: skip
def test_whoever_asks_another_machine_needs_nothing_of_this_one(
    words: list[str], environment: dict[str, str], client: bool
) -> None:
    assert main.is_client(words, environment) is client

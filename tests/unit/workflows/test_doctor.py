"""Doctor finds what is missing and says how to mend it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from honk.base.errors import HonkError
from honk.base.subprocess import Completed
from honk.cli.doctor import check_lines
from honk.workflows import doctor
from honk.workflows.doctor import Check, Machine, State, examine_machine

REFUSED = Completed(argv=("unshare",), exit_code=1, stdout=b"", stderr=b"unshare: Operation not permitted\n")
FINE = Completed(argv=("unshare",), exit_code=0, stdout=b"", stderr=b"")


async def _sentence() -> str:
    return "Claude Code 2.1.0"


async def _nothing() -> Sequence[str]:
    return ()


async def _broken() -> str:
    raise HonkError("The program `claude` is not installed. Install honk[claude].")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(
        anchor_elsewhere="",
        home=tmp_path / "home",
        bubblewrap=None,
        sandbox="bubblewrap",
        bounds_sandboxes=lambda: False,
        agent_version=_sentence,
        has_key=True,
        ask_model=_sentence,
        escapes=_nothing,
    )


FAILING = [
    doctor.platform_check("Darwin", "arm64"),
    doctor.namespaces_check(REFUSED),
    doctor.overlay_check(REFUSED, Path("/home/ada")),
    doctor.git_check("git version 2.30.2"),
    doctor.git_check(""),
    doctor.sqlite_check((3, 30, 0), "wal", Path("/home/ada")),
    doctor.sqlite_check((3, 45, 0), "delete", Path("/home/ada")),
    doctor.disk_check(1 << 30, Path("/home/ada")),
    doctor.state_folder_check(Path("/home/ada"), owner=0, mode=0o700, uid=1000),
    doctor.escape_check(["reads the host's /etc/shadow"]),
]
WARNING = [
    doctor.cgroups_check(is_delegated=False),
    doctor.key_check(has_key=False),
    doctor.isolation_check("none"),
    doctor.disk_check(5 << 30, Path("/home/ada")),
    doctor.state_folder_check(Path("/home/ada"), owner=1000, mode=0o755, uid=1000),
]
WELL = [
    doctor.platform_check("Linux", "x86_64"),
    doctor.namespaces_check(FINE),
    doctor.overlay_check(FINE, Path("/home/ada")),
    doctor.git_check("git version 2.39.5"),
    doctor.git_check("git version 3.0.1 (Apple Git-150)"),
    doctor.sqlite_check((3, 45, 0), "wal", Path("/home/ada")),
    doctor.disk_check(50 << 30, Path("/home/ada")),
    doctor.state_folder_check(Path("/home/ada"), owner=1000, mode=0o700, uid=1000),
    doctor.cgroups_check(is_delegated=True),
    doctor.key_check(has_key=True),
    doctor.escape_check([]),
]


@pytest.mark.parametrize("check", FAILING, ids=lambda check: f"{check.name}: {check.detail}")
def test_what_a_run_needs_fails_and_says_how_to_mend_it(check: Check) -> None:
    assert check.state is State.FAILED
    assert check.remedy


@pytest.mark.parametrize("check", WARNING, ids=lambda check: f"{check.name}: {check.detail}")
def test_what_only_makes_it_weaker_is_a_warning_with_a_remedy(check: Check) -> None:
    assert check.state is State.WARNING
    assert check.remedy


@pytest.mark.parametrize("check", WELL, ids=lambda check: f"{check.name}: {check.detail}")
def test_what_is_well_needs_no_words(check: Check) -> None:
    assert (check.state, check.remedy) == (State.OK, "")


def test_refused_namespaces_name_the_one_line_that_mends_them() -> None:
    told = " ".join(line.text for line in check_lines(doctor.namespaces_check(REFUSED)))
    assert "failed" in told
    assert "Operation not permitted" in told
    assert "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in told


@pytest.mark.anyio
async def test_a_probe_that_breaks_is_a_failed_check_and_the_others_go_on(machine: Machine) -> None:
    broken = replace(machine, agent_version=_broken, ask_model=_broken)
    checks = {check.name: check async for check in examine_machine(broken, sandbox=True, online=True)}
    assert checks["agent"].state is State.FAILED
    assert "not installed" in checks["agent"].detail
    assert checks["model"].state is State.FAILED
    assert checks["bubblewrap"].state is State.FAILED
    assert checks["sandbox"].state is State.OK
    assert checks["SQLite"].state is State.OK
    assert all(check.remedy for check in checks.values() if check.state is not State.OK)


@pytest.mark.anyio
async def test_a_signing_key_is_tried_only_where_commits_are_signed(machine: Machine) -> None:
    assert "signing" not in {check.name async for check in examine_machine(machine)}
    for sign, state in ((_sentence, State.OK), (_broken, State.FAILED)):
        checks = {check.name: check async for check in examine_machine(replace(machine, sign=sign))}
        assert checks["signing"].state is state


@pytest.mark.anyio
async def test_without_a_sandbox_what_makes_one_may_be_missing_and_that_is_shouted(machine: Machine) -> None:
    checks = {check.name: check async for check in examine_machine(replace(machine, sandbox="none"))}
    assert checks["bubblewrap"].state is State.WARNING
    assert "NO SANDBOX" in checks["isolation"].detail
    assert "each process only" in checks["cgroups"].detail


@pytest.mark.anyio
async def test_a_state_folder_that_cannot_be_made_breaks_no_other_check(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stuck = replace(machine, home=tmp_path / "file" / "home")
    checks = {check.name: check async for check in examine_machine(stuck)}
    assert {name for name in ("state folder", "overlay", "SQLite", "disk") if checks[name].state is State.FAILED} == {
        "state folder",
        "overlay",
        "SQLite",
        "disk",
    }
    assert "sandbox" not in checks
    assert "model" not in checks


@pytest.mark.anyio
async def test_looking_leaves_nothing_behind(machine: Machine) -> None:
    async for _ in examine_machine(machine):
        pass
    assert list(machine.home.iterdir()) == []

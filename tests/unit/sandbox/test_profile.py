"""What is shown inside, read off the options."""

from pathlib import Path

import pytest

from honk.base.errors import UsageError
from honk.sandbox import Mount, SandboxSpec
from honk.sandbox.profile import Host, command_options, profile, shared_mounts

HOST = Host(links={"/bin": "usr/bin"}, trees=("/lib",), etc=("/etc/ssl/certs",))


def options(*mounts: Mount) -> list[str]:
    return list(profile(SandboxSpec(name="t", state=Path("/state"), mounts=mounts), HOST))


def sources(found: list[str], kind: str) -> dict[str, str]:
    return {found[at + 2]: found[at + 1] for at, word in enumerate(found) if word == kind}


def test_only_scratch_and_work_tree_are_writable() -> None:
    assert sources(options(), "--bind") == {
        "/tmp": "/state/s/tmp",
        "/home/agent": "/state/s/home",
        "/workspace": "/state/m",
    }
    assert "--dev-bind" not in options()


def test_the_root_is_closed_last_and_every_tmpfs_has_a_size() -> None:
    found = options(Mount(source=Path("/a"), target="/opt/a"))
    assert found[-6:] == ["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"]
    for at, word in enumerate(found):
        if word == "--tmpfs":
            assert found[at - 2] == "--size"


def test_nothing_of_the_host_s_etc_that_could_lead_out() -> None:
    found = options()
    assert not [word for word in found if "resolv.conf" in word or word in ("/etc/shadow", "/etc")]
    assert {"--unshare-user", "--unshare-pid", "--disable-userns", "--clearenv", "--new-session"} <= set(found)
    assert "--share-net" not in found
    assert "--cap-add" not in found


def test_a_mount_where_programs_write_is_the_holder_s() -> None:
    mounts = (
        Mount(source=Path("/a"), target="/home/agent/.claude", is_writable=True),
        Mount(source=Path("/b"), target="/workspace/x y/z"),
        Mount(source=Path("/c"), target="/opt/c"),
    )
    found = options(*mounts)
    assert "/a" not in found
    assert "/b" not in found
    assert sources(found, "--ro-bind")["/opt/c"] == "/c"
    spec = SandboxSpec(name="t", state=Path("/state"), mounts=mounts)
    assert shared_mounts(spec) == ("/a", "s/home/.claude", "rw", "/b", "m/x y/z", "ro")


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/usr/local/x",
        "/proc",
        "/dev/sda",
        "/lib64/x",
        "/workspace",
        "/home/agent",
        "a/b",
        "/a/../b",
        "/a/",
        "/opt/honk/bin",
    ],
)
def test_the_sandbox_s_own_places_are_not_covered(target: str) -> None:
    with pytest.raises(UsageError, match="cannot be shown"):
        shared_mounts(SandboxSpec(name="t", state=Path("/s"), mounts=(Mount(source=Path("/a"), target=target),)))


def test_only_absolute_paths_are_taken() -> None:
    with pytest.raises(UsageError, match="absolute"):
        shared_mounts(SandboxSpec(name="t", state=Path("state")))


def test_a_program_s_environment_is_given_by_the_call_over_the_spec() -> None:
    spec = SandboxSpec(name="t", state=Path("/state"), env={"A": "spec", "B": "spec"}, path=("/opt/x/bin",))
    found = list(command_options(spec, {"A": "call", "HOME": "/elsewhere"}, "/workspace/sub"))
    values = {found[at + 1]: found[at + 2] for at, word in enumerate(found) if word == "--setenv"}
    assert values["A"] == "call"
    assert values["B"] == "spec"
    assert values["HOME"] == "/elsewhere"
    assert values["PATH"] == "/opt/honk/bin:/opt/x/bin:/usr/local/bin:/usr/bin:/bin"
    assert found[:2] == ["--chdir", "/workspace/sub"]

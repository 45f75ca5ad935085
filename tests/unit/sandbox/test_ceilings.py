"""Cgroups, on trees that look like the kernel's; and what a tree takes on disk."""

import os
import sys
from pathlib import Path

import pytest

from honk.sandbox import Ceilings
from honk.sandbox.ceilings import make_cgroup
from honk.sandbox.state import written_bytes

CEILINGS = Ceilings(memory_bytes=1 << 30, processes=64)


def test_no_delegation_means_no_cgroup(tmp_path: Path) -> None:
    assert make_cgroup(CEILINGS, tmp_path, "0::/user.slice").directories == ()


def test_a_delegated_version_2_tree_gets_a_directory_beside_our_leaf(tmp_path: Path) -> None:
    parent = tmp_path / "system.slice/honk.service"
    (parent / "main").mkdir(parents=True)
    (parent / "main/cgroup.subtree_control").write_text("\n")
    (parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    cgroup = make_cgroup(CEILINGS, tmp_path, "0::/system.slice/honk.service/main")
    (directory,) = cgroup.directories
    assert directory.parent == parent
    assert (directory / "memory.max").read_text() == str(1 << 30)
    assert (directory / "pids.max").read_text() == "64"
    cgroup.join(4711)
    assert (directory / "cgroup.procs").read_text() == "4711"
    (directory / "memory.peak").write_text("123\n")
    assert cgroup.peak_memory_bytes() == 123


def test_a_delegation_that_nobody_has_used_yet_is_used(tmp_path: Path) -> None:
    parent = tmp_path / "system.slice/honk.service"
    (parent / "serve").mkdir(parents=True)
    (parent / "serve/cgroup.controllers").write_text("\n")
    (parent / "serve/cgroup.subtree_control").write_text("\n")
    (parent / "cgroup.controllers").write_text("cpu memory pids\n")
    (parent / "cgroup.subtree_control").write_text("\n")
    cgroup = make_cgroup(CEILINGS, tmp_path, "0::/system.slice/honk.service/serve")
    assert [one.parent for one in cgroup.directories] == [parent]
    assert (parent / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_version_1_controllers_are_used_where_they_are_writable(tmp_path: Path) -> None:
    (tmp_path / "memory/box").mkdir(parents=True)
    (tmp_path / "pids").mkdir()
    cgroup = make_cgroup(CEILINGS, tmp_path, "5:pids:/\n4:cpu,memory:/box\n0::/")
    memory, pids = cgroup.directories
    assert memory.parent == tmp_path / "memory/box"
    assert (memory / "memory.limit_in_bytes").read_text() == str(1 << 30)
    assert (pids / "pids.max").read_text() == "64"


def test_written_bytes_follows_no_link_and_counts_nested_files(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tmp_path / "big").write_bytes(bytes(1 << 20))
    (tree / "link").symlink_to(tmp_path / "big")
    small = written_bytes(tree)
    (tree / "a/b/file").write_bytes(bytes(1 << 20))
    assert small < 1 << 20 <= written_bytes(tree) < 2 << 20
    with (tree / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert written_bytes(tree) < sys.maxsize >> 20


@pytest.mark.parametrize("mode", [0o300, 0o400, 0o000])
def test_t44_what_a_closed_directory_hides_is_counted(tmp_path: Path, mode: int) -> None:
    closed = tmp_path / "tree/closed"
    closed.mkdir(parents=True)
    (closed / "file").write_bytes(bytes(1 << 20))
    closed.chmod(mode)
    assert written_bytes(tmp_path / "tree") >= 1 << 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root is let in everywhere")
def test_t20_no_link_in_a_directory_s_place_is_opened_up(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o300)
    (tmp_path / "tree").symlink_to(outside)
    assert written_bytes(tmp_path / "tree") == 0
    assert outside.stat().st_mode & 0o777 == 0o300

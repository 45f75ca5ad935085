"""Environments, built by the real uv in real set-up sandboxes, from wheels of our own."""

from dataclasses import replace
from pathlib import Path

import pytest

from honk.sandbox import SandboxBackend
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.sandbox.none import NoneBackend
from honk.testing.packages import PackageShelf, wheel
from honk.testing.person import PersonRepository
from honk.testing.workspace_rules import Blobs, Ground, lay, sh
from honk.workspace.overlay import OverlayWorkspaces
from honk.workspace.source import LocalSource

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LEFT_PAD = wheel("left-pad", "1.0", {"left_pad.py": "def pad(text, n):\n    return text.rjust(n)\n"})
NEWER = wheel("left-pad", "2.0", {"left_pad.py": "def pad(text, n):\n    return 'two'\n"})
# Leaves a new file and spoils a tracked one, as real build systems do.
BACKEND = """\
import pathlib, zipfile

def build_editable(directory, config_settings=None, metadata_directory=None):
    pathlib.Path("leftover.txt").write_text("built")
    pathlib.Path("README.md").write_text("spoilt")
    name = "app-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory) / name, "w") as wheel:
        wheel.writestr("app.pth", str(pathlib.Path("src").resolve()) + "\\n")
        wheel.writestr("app-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: app\\nVersion: 1.0\\n")
        wheel.writestr("app-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("app-1.0.dist-info/RECORD", "")
    return name
"""
PROJECT = {
    "pyproject.toml": '[project]\nname = "app"\nversion = "1.0"\ndependencies = ["left-pad<2"]\n'
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["build"]\n',
    "build/backend.py": BACKEND,
    "src/app.py": "import left_pad\n\nprint(left_pad.pad('x', 3))\n",
    "README.md": "# App\n",
}


BUBBLEWRAP, NONE = BubblewrapBackend(), NoneBackend()


def workspaces_in(
    home: Path, blobs: Blobs, *wheels: tuple[str, bytes], backend: SandboxBackend = BUBBLEWRAP
) -> OverlayWorkspaces:
    return OverlayWorkspaces(home, LocalSource(), backend, PackageShelf(*wheels), blobs.put)


async def ground(
    tmp_path: Path, *wheels: tuple[str, bytes], files: dict[str, str] = PROJECT, backend: SandboxBackend = BUBBLEWRAP
) -> Ground:
    person = await PersonRepository.make(tmp_path / "person", files)
    blobs = Blobs()
    workspaces = workspaces_in(tmp_path / "home", blobs, *wheels, backend=backend)
    return await lay(workspaces, LocalSource(), blobs, person, tmp_path)


@pytest.mark.parametrize("backend", [BUBBLEWRAP, NONE], ids=lambda backend: backend.name)
async def test_dependencies_and_the_project_are_there_in_every_sandbox(tmp_path: Path, backend: SandboxBackend) -> None:
    laid = await ground(tmp_path, LEFT_PAD, backend=backend)
    made = laid.environment
    assert made.problems == ()
    assert made.python == "/opt/env/bin/python"
    assert not made.is_cached
    assert made.log_blob is not None
    assert b"left-pad" in laid.blobs.kept[made.log_blob]
    async with laid.workspaces.clean_room(laid.template, made, None, name="room") as room:
        assert await sh(room, "python -m app; ls; cat README.md; ls $VIRTUAL_ENV/.cache 2>/dev/null || true") == (
            "  x\nREADME.md\nbuild\nleftover.txt\npyproject.toml\nsrc\n# App\n"
        )
    assert await laid.after("true") is None, "what the set-up left is nobody's change"
    again = await laid.workspaces.environment(laid.template)
    assert again == replace(made, is_cached=True)


async def test_a_change_of_manifests_gets_its_own_environment(tmp_path: Path) -> None:
    laid = await ground(tmp_path, LEFT_PAD, NEWER)
    plain = await laid.change("echo '# more' >> src/app.py")
    assert (await laid.workspaces.environment(laid.template, plain)).key == laid.environment.key
    change = await laid.change("sed -i 's/left-pad<2/left-pad>=2/' pyproject.toml; echo new > src/new.py")
    changed = await laid.workspaces.environment(laid.template, change)
    assert changed.problems == ()
    assert changed.key != laid.environment.key
    async with laid.workspaces.clean_room(laid.template, changed, change, name="room") as room:
        assert await sh(room, "python -m app; cat src/new.py; git status --porcelain -uno") == "two\nnew\n"
    async with laid.workspaces.clean_room(laid.template, changed, None, name="room") as room:
        assert await sh(room, "ls src; git status --porcelain -uno") == "app.py\n"


async def test_t25_what_the_build_of_a_change_did_to_its_environment_reaches_no_other_change(tmp_path: Path) -> None:
    laid = await ground(tmp_path, LEFT_PAD, NEWER)
    bump = "sed -i 's/left-pad<2/left-pad>=2/' pyproject.toml"
    poison = 'echo \'open("/opt/env/poison", "w").close()\' >> build/backend.py'
    poisoned = await laid.workspaces.environment(laid.template, await laid.change(f"{bump}; {poison}"))
    clean = await laid.change(f"git checkout -q . && {bump}")
    environment = await laid.workspaces.environment(laid.template, clean)
    assert environment.problems == poisoned.problems == ()
    async with laid.workspaces.clean_room(laid.template, poisoned, None, name="room") as room:
        assert await sh(room, "ls /opt/env/poison") == "/opt/env/poison\n"
    async with laid.workspaces.clean_room(laid.template, environment, clean, name="room") as room:
        assert await sh(room, "ls /opt/env/poison 2>/dev/null || echo clean") == "clean\n"


async def test_what_cannot_be_had_is_a_problem_and_tried_again_by_the_next_process(tmp_path: Path) -> None:
    laid = await ground(tmp_path)
    assert "left-pad" in laid.environment.problems[0]
    same = await laid.workspaces.environment(laid.template)
    assert same.is_cached
    assert same.problems == laid.environment.problems
    later = workspaces_in(tmp_path / "home", laid.blobs, LEFT_PAD)
    mended = await later.environment(laid.template)
    assert mended.problems == ()
    assert [path.name for path in (tmp_path / "home/environments").iterdir() if path.is_dir()] == [mended.key]


async def test_a_set_up_reaches_packages_and_nothing_else(tmp_path: Path) -> None:
    probe = (
        "import os, socket, pathlib\n"
        "def build_editable(directory, config_settings=None, metadata_directory=None):\n"
        "    seen = []\n"
        "    for port in (22, 80, 8081):\n"
        "        try:\n            socket.create_connection(('127.0.0.1', port), 1)\n            seen.append(port)\n"
        "        except OSError:\n            pass\n"
        "    secrets = [name for name in os.environ if 'KEY' in name or 'TOKEN' in name]\n"
        "    raise RuntimeError(f'saw {seen} {secrets}')\n"
    )
    laid = await ground(tmp_path, LEFT_PAD, files={**PROJECT, "build/backend.py": probe})
    assert "saw [] []" in laid.environment.problems[0]


async def test_set_up_commands_are_the_base_s_and_never_the_change_s(tmp_path: Path) -> None:
    own = '[environment]\nsetup = ["echo from-base > /opt/env/made"]\n'
    laid = await ground(tmp_path, files={"README.md": "# Sample\n", ".honk.toml": own, "requirements.txt": ""})
    assert laid.environment.problems == ()
    change = await laid.change("sed -i s/from-base/from-change/ .honk.toml; echo '# x' > requirements.txt")
    changed = await laid.workspaces.environment(laid.template, change)
    assert changed.key != laid.environment.key
    async with laid.workspaces.clean_room(laid.template, changed, change, name="room") as room:
        assert await sh(room, "cat /opt/env/made") == "from-base\n"


async def test_set_up_commands_know_the_way_to_packages_of_every_ecosystem_and_no_other(tmp_path: Path) -> None:
    looks = (
        "case $npm_config_registry in http://127.0.0.1:*/npm/) ;; *) exit 4;; esac; "
        "case $UV_DEFAULT_INDEX in http://127.0.0.1:*/python/) ;; *) exit 5;; esac; "
        "[ $(wc -l < /proc/net/route) -le 1 ] || exit 6; "
        "/opt/uv/uv pip install --python /opt/env/bin/python left-pad"
    )
    own = f"[environment]\nsetup = ['{looks}']\n"
    node = '{"scripts": {"test": "node --test"}}'
    files = {".honk.toml": own, "package.json": node, "a.test.js": ""}
    laid = await ground(tmp_path, LEFT_PAD, files=files)
    assert laid.environment.problems == ()
    async with laid.workspaces.clean_room(laid.template, laid.environment, None, name="room") as room:
        assert await sh(room, "/opt/env/bin/python -c 'import left_pad; print(left_pad.pad(str(7), 3))'") == "  7\n"


async def test_t20_a_set_up_that_closes_the_work_tree_is_a_problem_and_no_fault_of_ours(tmp_path: Path) -> None:
    own = '[environment]\nsetup = ["chmod 0 /workspace"]\n'
    laid = await ground(tmp_path, files={"README.md": "# Sample\n", ".honk.toml": own, "requirements.txt": ""})
    assert "could not be told" in laid.environment.problems[0]


SWAP = """
import os

told, build = os.stat("README.md"), build_editable


def build_editable(*arguments):
    built = build(*arguments)
    pathlib.Path("README.md").write_text("# Bad\\n")
    os.utime("README.md", ns=(told.st_atime_ns, told.st_mtime_ns))
    return built
"""


async def test_t25_a_file_that_a_build_swaps_unseen_by_size_and_time_is_the_commit_s_again(tmp_path: Path) -> None:
    """Else the tests of a change would run on a file that its commit does not have."""
    laid = await ground(tmp_path, LEFT_PAD)
    change = await laid.change(f"cat >> build/backend.py << 'END'\n{SWAP}\nEND\necho >> pyproject.toml")
    made = await laid.workspaces.environment(laid.template, change)
    assert made.problems == ()
    async with laid.workspaces.clean_room(laid.template, made, change, name="room") as room:
        assert await sh(room, "cat README.md leftover.txt") == "# App\nbuilt"

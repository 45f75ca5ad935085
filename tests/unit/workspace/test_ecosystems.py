"""What Node, Go and Rust want of an environment, and what of a machine may be shown inside."""

import json
from pathlib import Path

import pytest

from honk.base.subprocess import run
from honk.workspace import toolchains
from honk.workspace.ecosystems import Provision, Tool, cargo, go, node, table

pytestmark = pytest.mark.anyio
ROOT_HOME = Path("~root").expanduser()

TOOLS = {
    "node": Tool(path="/opt/node/bin/node", version="20.1.0", prefix="/opt/node"),
    "npm": Tool(path="/opt/node/bin/npm", prefix="/opt/node"),
    "go": Tool(path="/usr/local/go/bin/go", version="1.22.1"),
    "cargo": Tool(path="/opt/rust/bin/cargo", version="1.80.0", prefix="/opt/rust"),
    "cc": Tool(path="/usr/bin/cc"),
}


def package(**more: object) -> str:
    return json.dumps({"name": "a", "scripts": {"test": "jest"}, "devDependencies": {"jest": "^29"}, **more})


def provision_of(files: dict[str, str], tools: dict[str, Tool] | None = None) -> Provision:
    [found] = table.provisions(tuple(files), files, TOOLS if tools is None else tools)
    return found


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        ("package-lock.json", ("npm", "ci", "--ignore-scripts", "--include=dev")),
        ("npm-shrinkwrap.json", ("npm", "ci", "--ignore-scripts", "--include=dev")),
        (None, ("npm", "install", "--no-package-lock", "--ignore-scripts", "--include=dev")),
    ],
)
def test_the_lock_file_says_how_packages_are_installed(lock: str | None, words: tuple[str, ...]) -> None:
    found = provision_of({"package.json": package(), **({lock: "{}"} if lock else {})})
    assert found.steps[0].argv == words
    assert found.steps[1].argv == ("npm", "rebuild"), "what dependencies build, without the project's own scripts"
    assert found.problems == ()


CLASSIC, BERRY = "# yarn lockfile v1\n", "__metadata:\n  version: 8\n"


@pytest.mark.parametrize(
    ("lock", "version", "problem"),
    [
        (CLASSIC, "1.22.22", ""), (BERRY, "4.1.0", ""), ("", "", ""),
        (CLASSIC, "4.1.0", "written by Yarn 1"), (BERRY, "1.22.22", "written by Yarn 2"),
    ],
)  # fmt: skip
def test_yarn_1_and_the_later_ones_are_told_apart_by_the_lock_file(lock: str, version: str, problem: str) -> None:
    tools = {**TOOLS, "yarn": Tool(path="/opt/yarn/bin/yarn", version=version)}
    found = provision_of({"package.json": package(), "yarn.lock": lock}, tools)
    assert found.lock == "yarn.lock"
    if problem:
        assert problem in found.problems[0]
        assert version in found.problems[0]
        assert found.steps == ()
        return
    assert found.problems == ()
    is_berry = lock == BERRY
    words = [step.argv for step in found.steps]
    assert (("yarn", "install", "--immutable", "--mode=skip-build") in words) is is_berry
    assert ("sed" in str(words)) is not is_berry, "the addresses of its lock file are the only ones that Yarn 1 asks"
    assert ("YARN_NODE_LINKER" in found.setup_env) is is_berry
    assert words[-2] == ("npm", "rebuild")


def test_a_yarn_that_the_repository_brings_along_is_used(tmp_path: Path) -> None:
    files = {"package.json": package(), "yarn.lock": BERRY, ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.1.cjs\n"}
    whole = {**files, ".yarn/releases/yarn-4.1.cjs": ""}
    assert provision_of(whole).steps[0].argv[:2] == ("node", ".yarn/releases/yarn-4.1.cjs")
    assert "yarn" in provision_of(files).problems[0], "it is not among the files"


def test_pnpm_is_kept_from_fetching_itself_under_both_names_of_its_settings() -> None:
    tools = {**TOOLS, "pnpm": Tool(path="/opt/pnpm/bin/pnpm", version="10.1.0")}
    found = provision_of({"package.json": package(), "pnpm-lock.yaml": ""}, tools)
    assert found.steps[0].argv == ("pnpm", "install", "--frozen-lockfile", "--ignore-scripts")
    for prefix in ("npm", "pnpm"):
        assert found.setup_env[f"{prefix}_config_registry"] == "{route}/npm/"
        for env in (found.setup_env, found.env):
            assert env[f"{prefix}_config_manage_package_manager_versions"] == "false"


@pytest.mark.parametrize(("lock", "client"), [("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn")])
def test_a_client_that_is_not_there_is_named(lock: str, client: str) -> None:
    [problem] = provision_of({"package.json": package(), lock: ""}).problems
    assert client in problem
    assert lock in problem
    tools = {**TOOLS, client: Tool(path=f"/opt/node/bin/{client}")}
    found = provision_of({"package.json": package(), lock: ""}, tools)
    assert client in [step.argv[0] for step in found.steps]


def test_a_toolchain_that_is_not_there_is_named() -> None:
    assert "(node)" in provision_of({"package.json": package()}, {}).problems[0]
    assert "(go)" in provision_of({"go.mod": "module a\n"}, {}).problems[0]
    assert "(cargo)" in provision_of({"Cargo.toml": ""}, {}).problems[0]
    assert "(cc)" in provision_of({"Cargo.toml": ""}, {"cargo": TOOLS["cargo"]}).problems[0]


def test_a_package_json_for_tools_alone_needs_nothing() -> None:
    text = json.dumps({"devDependencies": {"prettier": "3"}})
    assert table.provisions(("package.json",), {"package.json": text}, TOOLS) == ()
    assert table.provisions(("package.json",), {"package.json": "{"}, TOOLS)[0].problems


def test_registries_are_reached_by_the_route_alone() -> None:
    assert provision_of({"package.json": package()}).setup_env["npm_config_registry"] == "{route}/npm/"
    assert provision_of({"go.mod": "module a\n"}).setup_env["GOPROXY"] == "{route}/go"
    assert provision_of({"go.mod": "module a\n"}).env["GOPROXY"] == "off"
    assert provision_of({"Cargo.toml": ""}).setup_env["HONK_CRATES"] == "{route}/cargo"
    assert provision_of({"Cargo.toml": ""}).env["CARGO_NET_OFFLINE"] == "true"


def test_go_SUMis_kept_to_and_vendored_modules_are_not_fetched() -> None:
    found = provision_of({"go.mod": "module a\n", "go.sum": ""})
    assert (found.env["GOFLAGS"], found.env["GOSUMDB"]) == ("-mod=readonly", "off")
    assert found.steps[0].argv == ("go", "mod", "download")
    vendored = provision_of({"go.mod": "module a\n", "vendor/modules.txt": ""})
    assert "GOFLAGS" not in vendored.env
    assert ("go", "mod", "download") not in [step.argv for step in vendored.steps]


def test_a_lock_file_of_cargo_is_kept_to_and_made_where_there_is_none() -> None:
    def words(files: dict[str, str]) -> list[str]:
        return [" ".join(step.argv) for step in provision_of(files).steps]

    assert not any("generate-lockfile" in line for line in words({"Cargo.toml": "", "Cargo.lock": ""}))
    assert any("fetch --locked" in line for line in words({"Cargo.toml": "", "Cargo.lock": ""}))
    assert any(line.endswith("generate-lockfile") for line in words({"Cargo.toml": ""}))
    vendored = words({"Cargo.toml": "", "Cargo.lock": "", ".cargo/config.toml": '[source.own]\ndirectory = "vendor"\n'})
    assert not any("fetch" in line or "--config" in line for line in vendored)


def test_the_members_of_a_workspace_are_tested_unless_the_manifest_chooses() -> None:
    assert cargo.whole_workspace('[workspace]\nmembers = ["a"]\n') == ("--workspace",)
    assert cargo.whole_workspace('[workspace]\nmembers = ["a", "b"]\ndefault-members = ["a"]\n') == ()
    assert cargo.whole_workspace('[package]\nname = "a"\n') == ()
    assert cargo.whole_workspace("[") == ()


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"rust-toolchain.toml": '[toolchain]\nchannel = "1.81"\n'}, "1.81"),
        ({"rust-toolchain": "1.81.0\n"}, "1.81.0"),
        ({"Cargo.toml": '[package]\nrust-version = "1.85"\n'}, "1.85"),
        ({"rust-toolchain.toml": '[toolchain]\nchannel = "1.60"\n'}, None),
        ({"rust-toolchain.toml": '[toolchain]\nchannel = "stable"\n'}, None),
    ],
)
def test_a_newer_rust_than_there_is_is_named(files: dict[str, str], wanted: str | None) -> None:
    problems = provision_of({"Cargo.toml": "", **files}).problems
    assert (wanted is None and problems == ()) or f"Rust {wanted};" in problems[0]


def test_an_extension_module_is_tested_by_the_language_that_it_extends() -> None:
    crate = {"Cargo.toml": '[dependencies]\npyo3 = "0.22"\n'}
    assert table.provisions(("Cargo.toml", "pyproject.toml"), crate, TOOLS) == ()
    assert provision_of(crate).steps


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (">=18", True), ("^20", True), ("20", True), ("20.x", True), (">=16 <21", True), ("^18 || ^20.1.0", True),
        ("~20.1", True), ("*", True), ("lts/*", True), (">=22", False), ("^18", False), ("18", False), ("<20", False),
    ],
)  # fmt: skip
def test_ranges_of_node_are_read_as_npm_writes_them(wanted: str, fits: bool) -> None:
    assert node.fits("20.1.0", wanted) is fits
    problems = provision_of({"package.json": package(engines={"node": wanted})}).problems
    assert bool(problems) is not fits


def test_a_newer_go_than_there_is_is_named() -> None:
    assert "Go 1.23" in provision_of({"go.mod": "module a\n\ngo 1.23\n"}).problems[0]
    assert provision_of({"go.mod": "module a\n\ngo 1.22\n"}).problems == ()


def test_manifests_of_packages_below_count_and_those_of_samples_do_not() -> None:
    files = ("package.json", "packages/a/package.json", "test/fixtures/b/package.json", "node_modules/c/package.json")
    assert node.manifests(files) == files[:2]
    assert go.manifests(("go.mod", "tool/go.mod", "vendor/x/go.mod")) == ("go.mod", "tool/go.mod")
    assert go.manifests(("tool/go.mod",)) == ()
    crates = ("Cargo.toml", "a/Cargo.toml", "Cargo.lock", ".cargo/config.toml", "tests/fixtures/b/Cargo.toml")
    assert cargo.manifests(crates) == crates[:4]
    assert cargo.manifests(crates[1:]) == ()


@pytest.mark.parametrize(
    ("prefix", "is_own"),
    [
        ("/opt/node-20", True), ("/home/ada/.nvm/versions/node/v20.1.0", True), ("/home/ada/.pyenv/v/3.12", True),
        (f"{ROOT_HOME}/.rustup/toolchains/stable", True), (f"{ROOT_HOME}/.cargo", False), ("/home/ada/.local", False),
        ("/home/ada", False), ("/home/ada/.asdf", False), ("/home", False), ("/", False), ("/opt", False),
    ],
)  # fmt: skip
def test_only_one_version_s_own_prefix_is_shown(prefix: str, is_own: bool) -> None:
    assert toolchains.is_own_prefix(Path(prefix), Path("/home/ada")) is is_own


def test_a_manager_s_shim_is_passed_over(tmp_path: Path) -> None:
    for name in ("shims/node", "a/version/bin/node"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    found = toolchains.locate("node", f"relative:{tmp_path}/shims:{tmp_path}/a/version/bin")
    assert found == Tool(path=f"{tmp_path}/a/version/bin/node", prefix=f"{tmp_path}/a/version")
    linked = tmp_path / "b" / "v" / "bin"
    linked.mkdir(parents=True)
    (linked / "node").symlink_to(tmp_path / "a/version/bin/node")
    assert toolchains.locate("node", str(linked)) == found, "a link out of its prefix is followed"
    assert toolchains.locate("nothing", str(linked)) is None


def test_behind_a_shim_of_rustup_stands_the_toolchain_it_would_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cargo/bin/rustup", "rustup/toolchains/1.80.0-x/bin/cargo", "rustup/toolchains/nightly-x/bin/cargo"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    for shim in ("cargo", "cargo-clippy"):
        (tmp_path / "cargo/bin" / shim).symlink_to("rustup")
    path, shelf = str(tmp_path / "cargo/bin"), tmp_path / "rustup/toolchains"
    monkeypatch.delenv("RUSTUP_HOME", raising=False)
    monkeypatch.delenv("RUSTUP_TOOLCHAIN", raising=False)
    assert toolchains.locate("cargo", path) is None, "no toolchain is the default"
    (tmp_path / "rustup/settings.toml").write_text('default_toolchain = "1.80.0"\n')
    assert toolchains.locate("cargo", path) == Tool(path=f"{shelf}/1.80.0-x/bin/cargo", prefix=f"{shelf}/1.80.0-x")
    assert toolchains.locate("cargo-clippy", path) is None, "the component is not installed"
    assert toolchains.prefixes(path, ("cargo", "cargo-clippy", "none")) == (shelf / "1.80.0-x",)
    monkeypatch.setenv("RUSTUP_TOOLCHAIN", "nightly-x")
    assert toolchains.prefixes(path, ("cargo",)) == (shelf / "nightly-x",)
    (tmp_path / "rustup/settings.toml").write_text("[")
    monkeypatch.delenv("RUSTUP_TOOLCHAIN")
    assert toolchains.locate("cargo", path) is None


@pytest.mark.anyio
async def test_a_program_of_an_npm_package_has_its_version_and_corepack_s_shims_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, package_name in (("pnpm", "pnpm"), ("yarn", "corepack")):
        folder = tmp_path / "tools" / "node" / "lib" / "node_modules" / package_name
        (folder / "bin").mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"name": package_name, "version": "10.2.3"}))
        (folder / "bin" / f"{name}.cjs").write_text("#!/bin/sh\n")
        (folder / "bin" / f"{name}.cjs").chmod(0o755)
        (tmp_path / "tools/node/bin").mkdir(exist_ok=True)
        (tmp_path / "tools/node/bin" / name).symlink_to(folder / "bin" / f"{name}.cjs")
    monkeypatch.setenv("PATH", f"{tmp_path}/tools/node/bin")
    found = await toolchains.Toolchains().find({"pnpm": (), "yarn": (), "npm": ()})
    assert {name: tool.version for name, tool in found.items()} == {"pnpm": "10.2.3"}


@pytest.mark.parametrize(
    ("version", "knows"), [("20.15.0", True), ("20.1.0", False), ("22.3.1", True), ("18.20.0", False)]
)
def test_web_assembly_is_kept_within_a_sandbox_s_addresses(version: str, knows: bool) -> None:
    tools = {**TOOLS, "node": Tool(path="/opt/node/bin/node", version=version)}
    assert ("NODE_OPTIONS" in provision_of({"package.json": package()}, tools).env) is knows


SUM = "0123456789abcdef"
LOCK = """\
version = 4

[[package]]
name = "far-one"
version = "1.0.0"
source = "registry+https://index.test/"

[[package]]
name = "own-crate"
version = "0.1.0"
dependencies = [
 "far-one",
]

[[patch.unused]]
name = "unused"
version = "0.1.0"
"""


@pytest.mark.parametrize(
    ("lock", "layout", "kept"),
    [
        (LOCK, ".fingerprint", {f"far-one-{SUM}", f"libfar_one-{SUM}.rlib", f"own-crate-more-{SUM}"}),
        ("", ".fingerprint", set()),
        (LOCK, "another", set()),
    ],
    ids=["told", "no lock file", "a layout that is not known"],
)
async def test_of_a_warm_build_nothing_is_kept_that_could_be_of_another_commit(
    lock: str, layout: str, kept: set[str], tmp_path: Path
) -> None:
    target = tmp_path / "target"
    for name in ("far-one", "own-crate", "own-crate-more"):
        (target / "debug" / layout / f"{name}-{SUM}").mkdir(parents=True)
    (target / "debug/deps").mkdir()
    for name in (f"libfar_one-{SUM}.rlib", f"libown_crate-{SUM}.rlib", f"own_crate-{SUM}.d", f"works-{SUM}"):
        (target / "debug/deps" / name).touch(0o755 if name.startswith("works") else 0o644)
    (tmp_path / "Cargo.lock").write_text(lock)
    step = provision_of({"Cargo.toml": "", "Cargo.lock": ""}).steps[-1]
    argv = [word.replace("/workspace", str(tmp_path)) for word in step.argv]
    (await run(argv, cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "CARGO_TARGET_DIR": str(target)})).must("the step")
    left = {path.name for path in target.rglob("*") if SUM in path.name}
    assert left == kept

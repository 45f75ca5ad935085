"""The package door: the real npm and go install through it, and nothing else passes."""

import asyncio
import json
import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from needs import needed
from package_doors import OpenDoor, open_door

from honk.base.subprocess import run
from honk.gateway.cargo_route import downloads_of, located, prefix_of
from honk.gateway.npm_page import rewritten
from honk.gateway.registry import Forbidden
from honk.testing.registries import PASSWORD, USER, FarRegistries, crate, go_sum, module_zip, tarball

pytestmark = pytest.mark.anyio
MODULE, VERSION = "example.test/left", "v1.0.0"
MODULE_FILES = {"go.mod": f"module {MODULE}\n\ngo 1.18\n", "left.go": "package left\n\nconst Answer = 42\n"}
GO = {
    f"{MODULE}/@v/list": b"v1.0.0\n",
    f"{MODULE}/@v/{VERSION}.info": b'{"Version": "v1.0.0"}',
    f"{MODULE}/@v/{VERSION}.mod": MODULE_FILES["go.mod"].encode(),
    f"{MODULE}/@v/{VERSION}.zip": module_zip(MODULE, VERSION, MODULE_FILES),
}
LEFT = {"name": "left-pad", "version": "1.0.0", "main": "index.js"}
SCOPED = {"name": "@own/deep", "version": "2.0.0", "dependencies": {"left-pad": "^1.0.0"}}
NPM = {
    "left-pad": (LEFT, tarball({"package.json": json.dumps(LEFT), "index.js": "module.exports = 42;\n"})),
    "@own/deep": (SCOPED, tarball({"package.json": json.dumps(SCOPED), "index.js": "module.exports = 1;\n"})),
}


CRATE_FILES = {
    "Cargo.toml": '[package]\nname = "left"\nversion = "1.0.0"\nedition = "2021"\n',
    "src/lib.rs": "pub const ANSWER: i32 = 42;\n",
}
CRATES = {("left", "1.0.0"): crate("left", "1.0.0", CRATE_FILES)}


def opened() -> AbstractAsyncContextManager[OpenDoor]:
    return open_door(FarRegistries(npm=NPM, go=GO, crates=CRATES), ("npm", "go", "cargo"))


@pytest.mark.slow
@pytest.mark.parametrize("foreign_lock", [False, True], ids=["no lock file", "a lock file of another registry"])
async def test_npm_installs_through_it(foreign_lock: bool, tmp_path: Path) -> None:
    npm = needed("npm")
    (tmp_path / "package.json").write_text(json.dumps({"name": "a", "dependencies": {"@own/deep": "^2.0.0"}}))
    (tmp_path / "home").mkdir()
    async with opened() as door:
        env = {
            "PATH": f"{Path(npm).parent}:/usr/bin:/bin", "HOME": str(tmp_path / "home"),
            "npm_config_registry": f"{door.url}/npm/",
            "npm_config_replace_registry_host": "always", "npm_config_audit": "false", "npm_config_fund": "false",
            "npm_config_update_notifier": "false",
        }  # fmt: skip
        if foreign_lock:
            (tmp_path / "package-lock.json").write_text(json.dumps(foreign_lock_of(door.far.integrity)))
        argv = (npm, "ci" if foreign_lock else "install")
        (await run(argv, cwd=tmp_path, env=env)).must("npm")
        assert (tmp_path / "node_modules/left-pad/index.js").read_text() == "module.exports = 42;\n"
        assert (door.log.refused, door.log.failed, door.far.unauthorized) == ([], [], 0)


def foreign_lock_of(integrity: dict[str, str]) -> dict[str, object]:
    far = "https://registry.example.test"
    return {
        "name": "a", "lockfileVersion": 3, "requires": True,
        "packages": {
            "": {"name": "a", "dependencies": {"@own/deep": "^2.0.0"}},
            "node_modules/@own/deep": {
                "version": "2.0.0", "resolved": f"{far}/repository/all/@own/deep/-/deep-2.0.0.tgz",
                "integrity": integrity["@own/deep"], "dependencies": {"left-pad": "^1.0.0"},
            },
            "node_modules/left-pad": {
                "version": "1.0.0", "resolved": f"{far}/left-pad/-/left-pad-1.0.0.tgz",
                "integrity": integrity["left-pad"],
            },
        },
    }  # fmt: skip


@pytest.mark.slow
async def test_go_downloads_through_it_and_believes_go_sum_alone(tmp_path: Path) -> None:
    go = needed("go")
    (tmp_path / "go.mod").write_text(f"module example.test/app\n\ngo 1.18\n\nrequire {MODULE} {VERSION}\n")
    async with opened() as door:
        env = {
            "PATH": f"{Path(go).parent}:/usr/bin:/bin", "HOME": str(tmp_path),
            "GOPROXY": f"{door.url}/go", "GOSUMDB": "off", "GOFLAGS": "-modcacherw",
            "GOTOOLCHAIN": "local", "GOMODCACHE": str(tmp_path / "mod"),
        }  # fmt: skip
        (tmp_path / "go.sum").write_text(go_sum(MODULE, VERSION, MODULE_FILES))
        (await run((go, "mod", "download"), cwd=tmp_path, env=env)).must("go mod download")
        assert (tmp_path / f"mod/{MODULE}@{VERSION}/left.go").exists()
        assert (door.log.refused, door.log.failed, door.far.unauthorized) == ([], [], 0)
        other = {**MODULE_FILES, "left.go": "package left\n\nconst Answer = 41\n"}
        (tmp_path / "go.sum").write_text(go_sum(MODULE, VERSION, other))
        again = {**env, "GOMODCACHE": str(tmp_path / "again")}
        done = await run((go, "mod", "download"), cwd=tmp_path, env=again)
        assert done.exit_code != 0
        assert b"checksum mismatch" in done.stderr


async def test_addresses_credentials_and_what_is_not_understood_stay_outside() -> None:
    async with opened() as door:
        status, page = await door.get("/npm/@own%2fdeep")
        assert status == 200
        told = json.loads(page)
        assert told["versions"]["2.0.0"]["dist"]["tarball"] == f"{door.url}/npm/@own/deep/-/deep-2.0.0.tgz"
        assert "readme" not in told
        far = f":{door.far.port}"
        assert not [secret for secret in (PASSWORD, USER, "/own/npm", far) if secret.encode() in page]


async def test_a_tarball_passes_only_where_its_package_lists_it() -> None:
    async with opened() as door:
        file = "left-pad-1.0.0.tgz"
        for kept in ("/npm", "", "/repository/all"):  # clients keep the path of a lock file's registry
            assert (await door.get(f"{kept}/left-pad/-/{file}"))[0] == 200
        for other in ("/npm/left-pad/-/other.tgz", f"/npm/unknown/-/{file}", f"/npm/@own/deep/-/{file}"):
            assert (await door.get(other))[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/npm/-/user/token", "/npm/-/npm/v1/security/audits", "/npm/../secret", "/npm/left-pad?write=true",
        "/npm/left-pad/-/../../x.tgz", "/npm/.hidden", "/go/sumdb/sum.test/lookup/a@v1", f"/go/{MODULE}/@v/../x.zip",
        f"/go/{MODULE}/@v/v1.0.0.zip?x=1", "/go/../own/npm/left-pad", f"/go//{MODULE}/@v/list", "/python/pip/", "/",
    ],
)  # fmt: skip
async def test_everything_else_is_refused_and_never_asked_for(path: str) -> None:
    async with opened() as door:
        host, _, port = door.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert b" 403 " in await reader.readline()
        writer.close()
        assert door.far.seen == []
        assert len(door.log.refused) == 1


@pytest.mark.parametrize("path", ["/npm/left-pad", f"/go/{MODULE}/@v/list"])
async def test_nothing_is_written(path: str) -> None:
    async with opened() as door:
        assert (await door.get(path, "PUT"))[0] == 403
        assert (await door.get(path, "POST"))[0] == 403
        assert door.far.seen == []


def test_a_version_without_a_plain_tarball_is_left_out() -> None:
    bad = ("ftp://x.test/a.tgz", "https://x.test/", "https://x.test/%2e%2e", 7, None)
    versions = {f"1.0.{n}": {"version": f"1.0.{n}", "dist": {"tarball": address}} for n, address in enumerate(bad)}
    page = json.dumps({"name": "a", "versions": {**versions, "2.0.0": "text"}}).encode()
    assert json.loads(rewritten(page, "https://x.test/a", lambda address, name: name))["versions"] == {}
    with pytest.raises(ValueError, match="versions"):
        rewritten(b"[]", "https://x.test/a", lambda address, name: name)


@pytest.mark.slow
async def test_cargo_fetches_through_it_what_the_index_says(tmp_path: Path) -> None:
    cargo = needed("cargo")
    (tmp_path / "Cargo.toml").write_text(
        '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n'
        '[dependencies]\nleft = "1"\n[workspace]\n'
    )
    (tmp_path / "lib.rs").touch()
    async with opened() as door:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "config.toml").write_text(
            f'[source.crates-io]\nreplace-with = "door"\n[source.door]\nregistry = "sparse+{door.url}/cargo/"\n'
        )
        home = os.environ.get("HOME", "/")
        env = {"PATH": os.environ["PATH"], "HOME": home, "CARGO_HOME": str(tmp_path / "home")}
        (await run((cargo, "fetch"), cwd=tmp_path, env=env)).must("cargo fetch")
        assert [path.name for path in (tmp_path / "home/registry/src").glob("*/*")] == ["left-1.0.0"]
        assert (door.log.refused, door.log.failed, door.far.unauthorized) == ([], [], 0)
        (tmp_path / "Cargo.toml").write_text((tmp_path / "Cargo.toml").read_text().replace("left", "none"))
        assert (await run((cargo, "fetch"), cwd=tmp_path, env=env)).exit_code != 0


async def test_of_an_index_of_crates_only_entries_and_crates_pass() -> None:
    async with opened() as door:
        status, settings = await door.get("/cargo/config.json")
        assert (status, json.loads(settings)) == (200, {"dl": f"{door.url}/cargo/crates"})
        assert await door.get("/cargo/crates/left/1.0.0/download") == (200, CRATES["left", "1.0.0"])
        assert (await door.get("/cargo/crates/left/2.0.0/download"))[0] == 404
        assert (await door.get("/cargo/crates/left/1.0.0%2Bmore/download"))[0] == 404
        assert (await door.get("/cargo/no/ne/none"))[0] == 404
        for path in (
            "/cargo/", "/cargo/le/ft/left/x", "/cargo/le/../left", "/cargo/crates/left/1.0.0/%2e%2e", "/cargo/me",
            "/cargo/crates/left/../download", "/cargo/api/v1/crates/left", "/cargo/le/ft/left?x=1", "/cargo/4/left",
            "/cargo/crates/left/1%2f..%2f..%2fapi%2fv1%2fme%3f/download", "/cargo/crates/left/1.0.0%3fx/download",
            "/cargo/crates/left/1.0.0%0d%0ax-more%3ay/download", "/cargo/crates/left/1.0.0%23/download",
        ):  # fmt: skip
            assert (await door.get(path))[0] == 403, path
        assert (await door.get("/cargo/le/ft/left", "PUT"))[0] == 403


@pytest.mark.parametrize(
    ("template", "address"),
    [
        ("https://f.test/crates", "https://f.test/crates/Left-Pad/1.0.0/download"),
        ("https://f.test/{crate}/{crate}-{version}.crate", "https://f.test/Left-Pad/Left-Pad-1.0.0.crate"),
        ("https://f.test/{prefix}/{lowerprefix}/{crate}", "https://f.test/Le/ft/le/ft/Left-Pad"),
    ],
)
def test_where_a_crate_lies_follows_from_its_name_and_version(template: str, address: str) -> None:
    told = downloads_of(json.dumps({"dl": template}).encode(), "https://index.test/config.json")
    assert located(told, "Left-Pad", "1.0.0") == address
    assert [prefix_of(name) for name in ("a", "ab", "abc", "abcd")] == ["1", "2", "3/a", "ab/cd"]


@pytest.mark.parametrize("settings", [b"", b"[]", b"{}", b'{"dl": 1}', b'{"dl": "file:///etc"}', b"[" * 100_000])
def test_an_index_that_does_not_say_where_its_crates_are_is_refused(settings: bytes) -> None:
    with pytest.raises(Forbidden):
        downloads_of(settings, "https://index.test/config.json")
    with pytest.raises(Forbidden):
        located("https://f.test/{sha256-checksum}", "left", "1.0.0")

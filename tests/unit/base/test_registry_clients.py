"""Where the addresses of other ecosystems' registries come from."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from needs import needed

from honk.base.registry_clients import crates_index, go_proxy, npm_registry

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[3]


def program(folder: Path, name: str, says: str) -> str:
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(0o755)
    return str(folder)


async def test_the_environment_comes_first(tmp_path: Path) -> None:
    path = program(tmp_path, "npm", "https://client.test/")
    assert await npm_registry({"PATH": path, "npm_config_registry": "https://own.test/"}) == "https://own.test/"
    assert await go_proxy({"PATH": path, "GOPROXY": "off,https://proxy.test|direct"}) == "https://proxy.test"


async def test_then_the_client_is_asked(tmp_path: Path) -> None:
    path = program(tmp_path, "npm", "https://client.test/")
    program(tmp_path, "go", "https://proxy.test,direct")
    assert await npm_registry({"PATH": path}) == "https://client.test/"
    assert await go_proxy({"PATH": path}) == "https://proxy.test"


async def test_cargo_tells_its_index_by_what_it_complains_of(tmp_path: Path) -> None:
    complaint = "failed to download from `https://me:secret@crates.test/own/config.json`"
    (tmp_path / "cargo").write_text(f"#!/bin/sh\nprintf '%s' '{complaint}' >&2\nexit 101\n")
    (tmp_path / "cargo").chmod(0o755)
    assert await crates_index({"PATH": str(tmp_path)}) == "https://me:secret@crates.test/own/"
    named = "sparse+https://own.test/index/"
    assert await crates_index({"CARGO_REGISTRIES_CRATES_IO_INDEX": named}) == "https://own.test/index/"
    assert await crates_index({"PATH": program(tmp_path, "cargo", "https://no.test/")}) is None
    assert await crates_index({"PATH": "/nonexistent"}) is None


async def test_the_person_s_own_settings_say_which_index_stands_for_all(tmp_path: Path) -> None:
    path = os.environ["PATH"]
    needed("cargo")
    settings = '[source.crates-io]\nreplace-with = "own"\n[source.own]\nregistry = "sparse+https://own.test/index/"\n'
    (tmp_path / "config.toml").write_text(settings)
    env = {"PATH": path, "CARGO_HOME": str(tmp_path), "HOME": os.environ.get("HOME", "/")}
    assert await crates_index(env) == "https://own.test/index/"


async def test_nothing_is_guessed(tmp_path: Path) -> None:
    path = program(tmp_path, "npm", "undefined")
    assert await npm_registry({"PATH": path}) is None
    assert await npm_registry({"PATH": "/nonexistent"}) is None
    assert await go_proxy({"PATH": path, "GOPROXY": "direct"}) is None


@pytest.mark.slow
async def test_no_file_names_a_registry(tmp_path: Path) -> None:
    """The hosts are asked of the clients, so that not even this test writes them down."""
    env = {"PATH": "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    found = [await npm_registry(env), await go_proxy(env)]
    hosts = [host for address in found if address and (host := urlsplit(address).hostname)]
    if not hosts and not shutil.which("npm"):
        pytest.skip("NOT TESTED: neither npm nor go is on this machine")
    for folder in ("changes", "docs", "src", "tests", "tools"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in {"", ".md", ".py", ".toml", ".txt", ".cjs"}:
                text = path.read_text(errors="replace")
                assert not [host for host in hosts if host in text], path

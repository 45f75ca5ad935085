"""Where the addresses of other ecosystems' registries come from."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from honk.base.registry_clients import go_proxy, npm_registry

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

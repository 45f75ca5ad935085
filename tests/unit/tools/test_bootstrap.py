"""What make's first step does before anything is installed: settings, the page of an index, hashes."""

import base64
import hashlib
import io
import platform
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import bootstrap
import package_index
from package_index import PackageIndexError, Settings, read

WHEEL = f"uv-1.2.3-py3-none-manylinux_2_17_{platform.machine()}.manylinux2014_{platform.machine()}.whl"
OTHERS = (
    "uv-1.2.3.tar.gz",
    "uv-1.2.3-py3-none-win_amd64.whl",
    "uv-1.2.3-py3-none-manylinux_2_17_s390x.whl",
    "uv-1.2.4-py3-none-any.whl",
)


def wheel_bytes() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("uv-1.2.3.data/scripts/uv", "#!/bin/sh\necho uv 1.2.3\n")
    return file.getvalue()


class Index(BaseHTTPRequestHandler):
    """An index of one project, for those who know the password."""

    def do_GET(self) -> None:
        pages = {
            "/simple/uv/": "".join(
                f'<a href="../../files/{name}#sha256=0">x</a>' for name in (*OTHERS, WHEEL)
            ).encode(),
            f"/files/{WHEEL}": wheel_bytes(),
        }
        body = pages.get(self.path, b"")
        is_known = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"ada:p@ss").decode()
        self.send_response(401 if not is_known else 200 if body else 404)
        self.end_headers()
        self.wfile.write(body if is_known else b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


def configured(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "pip.conf"
    path.write_text(text)
    return {"PIP_CONFIG_FILE": str(path), "XDG_CONFIG_DIRS": str(tmp_path)}


def test_variables_are_stronger_than_files_and_uv_s_than_pip_s(tmp_path: Path) -> None:
    env = configured(
        tmp_path, "[global]\nindex-url = http://file/simple\n[install]\nextra_index_url = http://a http://b\n"
    )
    assert read(env).url == "http://file/simple"
    assert read(env).extra_urls == ("http://a", "http://b")
    assert read({**env, "PIP_INDEX_URL": "http://pip/simple"}).url == "http://pip/simple"
    both = {**env, "PIP_INDEX_URL": "http://pip/simple", "UV_DEFAULT_INDEX": "http://uv/simple"}
    assert read(both).url == "http://uv/simple"
    assert read({"PIP_CONFIG_FILE": "/dev/null"}) == Settings()


def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackageIndexError, match=r"pip\.conf cannot be read"):
        read(configured(tmp_path, "index-url without a section"))


def test_uv_is_told_what_pip_knows(tmp_path: Path) -> None:
    settings = Settings(
        url="http://i/simple", extra_urls=("http://e",), find_links=(str(tmp_path), "/nowhere"), certificates="/ca.pem"
    )
    assert settings.for_uv() == {
        "UV_DEFAULT_INDEX": "http://i/simple",
        "UV_INDEX": "http://e",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": str(tmp_path),
        "SSL_CERT_FILE": "/ca.pem",
    }
    assert Settings().for_uv() == {}


def test_this_machine_s_wheel_is_taken_from_a_page_behind_a_password(index: str, tmp_path: Path) -> None:
    wheel = package_index.download("uv", "1.2.3", tmp_path, Settings(url=f"http://ada:p%40ss@{index}/"))
    assert (wheel.name, wheel.read_bytes()) == (WHEEL, wheel_bytes())


def test_no_password_is_shown_when_the_index_refuses(index: str, tmp_path: Path) -> None:
    with pytest.raises(PackageIndexError, match=r"could not be read.*401.*PIP_INDEX_URL") as refusal:
        package_index.download("uv", "1.2.3", tmp_path, Settings(url=f"http://ada:wrong-one@{index}"))
    assert "wrong-one" not in str(refusal.value)


def test_a_version_without_a_wheel_for_this_machine_is_said_to_be_missing(index: str, tmp_path: Path) -> None:
    with pytest.raises(PackageIndexError, match=r"has no wheel of uv 1\.2\.4"):
        package_index.download("uv", "1.2.4", tmp_path, Settings(url=f"http://ada:p%40ss@{index}"))


def test_the_public_index_is_known_to_the_standard_library() -> None:
    assert package_index.default_url().startswith("https://")
    assert package_index.default_url().endswith("/simple")


def test_the_pinned_uv_and_its_hashes_are_found() -> None:
    version, hashes = bootstrap.pinned("uv")
    assert version[0].isdigit()
    assert len(hashes) > 5
    with pytest.raises(PackageIndexError, match="does not pin nothing"):
        bootstrap.pinned("nothing")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, on a machine without pip."""
    (tmp_path / "venv").mkdir()
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    monkeypatch.setattr(bootstrap, "SCRATCH", tmp_path / "venv" / "bootstrap")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path / "dev.txt")
    monkeypatch.setattr(bootstrap, "find_pip", lambda: None)
    return tmp_path


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
def test_uv_is_unpacked_only_if_its_hash_is_known(index: str, scratch: Path, is_known: bool) -> None:
    digest = hashlib.sha256(wheel_bytes() if is_known else b"another").hexdigest()
    (scratch / "dev.txt").write_text(f"uv==1.2.3 \\\n    --hash=sha256:{digest}\n    # via honk\n")
    settings = Settings(url=f"http://ada:p%40ss@{index}")
    if is_known:
        assert bootstrap.find_uv(settings).read_text().endswith("echo uv 1.2.3\n")
    else:
        with pytest.raises(PackageIndexError, match="does not know"):
            bootstrap.find_uv(settings)
        assert not (scratch / "venv" / "bootstrap" / "uv").exists()


def test_without_a_home_to_write_in_uv_keeps_its_cache_in_the_environment(scratch: Path) -> None:
    assert bootstrap.has_cache_home({"HOME": str(scratch)})
    assert not bootstrap.has_cache_home({})
    assert not bootstrap.has_cache_home({"HOME": "/proc/self"})

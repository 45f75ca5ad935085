"""What a build left is taken without following anything."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from honk.preview import NotReady
from honk.preview.building import GATHERED, taken
from honk.preview.declared import Declared
from honk.preview.site import Site

APK = Declared(build="make", artifact="out/app.apk")
SITE = Declared(build="make", artifact="public")


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/app.apk").write_bytes(b"apk")
    assert taken(tmp_path, APK, 100) == b"apk"
    with pytest.raises(NotReady, match="larger than"):
        taken(tmp_path, APK, 2)


def test_nothing_is_followed(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    outside.mkdir()
    tree.mkdir()
    (outside / "app.apk").write_bytes(b"secret")
    with pytest.raises(NotReady, match=r"left no out/app\.apk"):
        taken(tree, APK, 100)
    (tree / "out").symlink_to(outside)
    with pytest.raises(NotReady, match="a link"):
        taken(tree, APK, 100)
    (tree / "out").unlink()
    (tree / "out").mkdir()
    (tree / "out/app.apk").symlink_to(outside / "app.apk")
    with pytest.raises(NotReady, match="a link"):
        taken(tree, APK, 100)
    (tree / "out/app.apk").unlink()
    os.mkfifo(tree / "out/app.apk")
    with pytest.raises(NotReady, match="no plain file"):
        taken(tree, APK, 100)
    (tree / "out/app.apk").unlink()
    (tree / "out/app.apk").mkdir()
    with pytest.raises(NotReady):
        taken(tree, APK, 100)


def test_a_site_is_its_plain_files(tmp_path: Path) -> None:
    site = tmp_path / GATHERED
    (site / "deep").mkdir(parents=True)
    (site / "index.html").write_text("<h1>Hi</h1>")
    (site / "deep/index.html").write_text("deep")
    (site / "about.html").write_text("about")
    (site / "passwd").symlink_to("/etc/passwd")
    (site / "all").symlink_to("/")
    packed = taken(tmp_path, SITE, 10_000)
    assert taken(tmp_path, SITE, 10_000) == packed
    assert sorted(zipfile.ZipFile(io.BytesIO(packed)).namelist()) == ["about.html", "deep/index.html", "index.html"]
    served = Site.of(packed)
    for path, content in ((b"/", b"<h1>Hi</h1>"), (b"/deep", b"deep"), (b"/deep/", b"deep"), (b"/about", b"about")):
        page = served.page(path)
        assert page is not None
        assert (page.kind, page.size_bytes, b"".join(page.parts)) == ("text/html; charset=utf-8", len(content), content)
    for path in (b"/passwd", b"/../../etc/passwd", b"/%2e%2e/x", b"/deep/../index.html", b"//index.html/x"):
        assert served.page(path) is None
    with pytest.raises(NotReady, match="MiB"):
        taken(tmp_path, SITE, 5)


def test_a_large_page_comes_in_parts(tmp_path: Path) -> None:
    (tmp_path / GATHERED).mkdir()
    (tmp_path / GATHERED / "404.html").write_bytes(bytes(1 << 20))
    page = Site.of(taken(tmp_path, SITE, 2 << 20)).missing()
    parts = list(page.parts)
    assert (page.size_bytes, sum(map(len, parts))) == (1 << 20, 1 << 20)
    assert max(map(len, parts)) <= 256 << 10


def test_an_empty_site_is_none(tmp_path: Path) -> None:
    (tmp_path / GATHERED).mkdir()
    with pytest.raises(NotReady, match="no files"):
        taken(tmp_path, SITE, 100)

"""Where the package index's address comes from."""

from pathlib import Path

from honk.base.package_index import default_index


def test_the_environment_comes_first(tmp_path: Path) -> None:
    env = {
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": "https://pip.test/simple",
        "UV_DEFAULT_INDEX": "https://uv.test/simple",
    }
    assert default_index(env) == "https://uv.test/simple"


def test_then_the_settings_of_uv_and_of_pip(tmp_path: Path) -> None:
    pip, uv = tmp_path / ".config/pip/pip.conf", tmp_path / ".config/uv/uv.toml"
    pip.parent.mkdir(parents=True)
    uv.parent.mkdir(parents=True)
    pip.write_text("[global]\nindex-url = https://pip.test/simple\n")
    assert default_index({"HOME": str(tmp_path)}) == "https://pip.test/simple"
    uv.write_text(
        '[[index]]\nurl = "https://other.test/simple"\n[[index]]\nurl = "https://uv.test/simple"\ndefault = true\n'
    )
    assert default_index({"HOME": str(tmp_path)}) == "https://uv.test/simple"


def test_nonsense_is_passed_over_and_python_itself_names_the_last(tmp_path: Path) -> None:
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip/pip.conf").write_text("no section\n")
    found = default_index({"HOME": str(tmp_path), "UV_INDEX_URL": "not an address"})
    assert found is not None
    assert found.startswith("https://")
    assert found.endswith("/simple")

"""What a path says about the file: a test, configuration of a check, a manifest. Pure."""

from fnmatch import fnmatchcase

PYTEST_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
WHOLE_CHECK_FILES = (
    *PYTEST_FILES,
    "ruff.toml",
    ".ruff.toml",
    "mypy.ini",
    ".mypy.ini",
    ".coveragerc",
    "pyrightconfig.json",
)
"""Files that hold nothing but check configuration."""
SHARED_CHECK_FILES = ("pyproject.toml", "setup.cfg", "tox.ini")
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")


def name_of(path: str) -> str:
    return path.rpartition("/")[2]


def is_test_file(path: str) -> bool:
    """A Python file that pytest or unittest collects by default."""
    if not path.endswith(".py") or _is_vendored(path):
        return False
    stem = name_of(path)[:-3]
    return stem.startswith("test_") or stem.endswith("_test") or stem in ("test", "tests") or _looks_like_unittest(path)


def is_beside_tests(path: str) -> bool:
    """Whatever lies in a directory of tests: fixtures, sample files."""
    return any(part in ("test", "tests") for part in path.split("/")[:-1])


def _looks_like_unittest(path: str) -> bool:
    """`testthing.py` inside a directory of tests."""
    parts = path.split("/")
    return parts[-1].startswith("test") and any(part in ("test", "tests") for part in parts[:-1])


def _is_vendored(path: str) -> bool:
    return any(part in ("node_modules", "site-packages", ".tox", ".nox") for part in path.split("/"))


def is_conftest(path: str) -> bool:
    return path.endswith("conftest.py") and name_of(path) == "conftest.py"


def is_whole_check_file(path: str) -> bool:
    return name_of(path) in WHOLE_CHECK_FILES


def matches(path: str, globs: tuple[str, ...]) -> str | None:
    """The first glob that fits; `*` crosses directories, and a glob without a slash fits any file's name."""
    for glob in globs:
        if fnmatchcase(path, glob) or ("/" not in glob and fnmatchcase(name_of(path), glob)):
            return glob
        if glob.endswith("/") and path.startswith(glob):
            return glob
    return None

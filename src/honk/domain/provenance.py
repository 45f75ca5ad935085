"""What of a change was made by a machine and what by people, by kind of file: the labels of a pull request. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from honk.domain.change import ChangedFile
from honk.domain.commit_text import Trailers


class Part(StrEnum):
    """What a file is, by its path alone."""

    CODE = "code"
    TESTS = "tests"
    DOCS = "docs"
    CONFIGURATION = "configuration"
    GENERATED = "generated"
    """Lock files and what tools write: nobody wrote them by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one author did, over what was there before."""

    author: str
    """"claude, sonnet", or a person's name."""
    is_machine: bool
    files: tuple[ChangedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One author's part in one kind of file. Lines that were written and written anew count each time."""

    part: Part
    author: str
    is_machine: bool
    files: int
    added: int
    deleted: int


_GENERATED_NAMES = frozenset(
    {
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "bun.lock",
        "poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock", "cargo.lock", "go.sum", "gemfile.lock", "composer.lock",
        "gradle.lockfile",
        "mix.lock", "pubspec.lock", "flake.lock", "packages.lock.json",
    }
)  # fmt: skip
_GENERATED_ENDS = (".min.js", ".min.css", ".map", ".snap", ".pb.go", "_pb2.py", "_pb2.pyi", "_pb2_grpc.py", ".g.dart")
_GENERATED_FOLDERS = frozenset({"generated", "__generated__", "__snapshots__", "dist", "vendor", "node_modules"})
_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testdata", "fixtures", "e2e"})
_TEST_STEMS = ("test_", "tests_")
_TEST_ENDS = ("_test", "_tests", ".test", ".spec", "_spec")
_DOC_NAMES = ("readme", "changelog", "contributing", "licence", "license", "notice", "authors", "security")
_DOC_ENDS = (".md", ".rst", ".adoc", ".txt", ".mdx", ".markdown")
_DOC_FOLDERS = frozenset({"doc", "docs", "changes", "changelog.d", "man"})
_CONFIGURATION_NAMES = frozenset(
    {
        "makefile", "gnumakefile", "dockerfile", "containerfile", "jenkinsfile", "vagrantfile", "procfile",
        "codeowners", "package.json", "go.mod", "pom.xml", "gemfile", "pipfile", "setup.py", "conftest.py",
        "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "cmakelists.txt", "build.bazel",
        "gradlew", "mvnw", "justfile", "rakefile", "tsconfig.json",
    }
)  # fmt: skip
_CONFIGURATION_ENDS = (
    ".toml", ".ini", ".cfg", ".conf", ".yaml", ".yml", ".properties", ".env", ".tf", ".tfvars", ".editorconfig",
    ".json", ".lock",
)  # fmt: skip


def part_of(path: str) -> Part:
    """By its name and its folders; in doubt it is code."""
    lowered = path.lower()
    *folders, name = lowered.split("/")
    stem, _, end = name.rpartition(".") if "." in name[1:] else (name, "", "")
    if name in _GENERATED_NAMES or name.endswith(_GENERATED_ENDS) or _GENERATED_FOLDERS & set(folders):
        return Part.GENERATED
    if name == "requirements.txt" or (folders[-1:] == ["requirements"] and end == "txt"):
        return Part.CONFIGURATION
    is_test = stem.startswith(_TEST_STEMS) or stem.endswith(_TEST_ENDS) or stem in ("test", "tests")
    is_java_test = path.rpartition("/")[2].rpartition(".")[0].endswith(("Test", "Tests", "IT", "Spec"))
    if is_test or is_java_test or _TEST_FOLDERS & set(folders):
        return Part.TESTS
    if name in _CONFIGURATION_NAMES or folders[:1] in ([".github"], [".circleci"], [".gitlab"], [".claude"]):
        return Part.CONFIGURATION
    if name.endswith(_DOC_ENDS) or stem in _DOC_NAMES or _DOC_FOLDERS & set(folders):
        return Part.DOCS
    if name.startswith(".") or name.endswith(_CONFIGURATION_ENDS):
        return Part.CONFIGURATION
    return Part.CODE


def shares_of(contributions: Sequence[Contribution]) -> tuple[Share, ...]:
    """Who did how much of what: by kind of file, machines before people, in the order they came."""
    files: dict[tuple[Part, bool, str], set[str]] = {}
    lines: dict[tuple[Part, bool, str], tuple[int, int]] = {}
    for one in contributions:
        for file in one.files:
            key = (part_of(file.path), one.is_machine, one.author)
            files.setdefault(key, set()).add(file.path)
            added, deleted = lines.get(key, (0, 0))
            lines[key] = (added + (file.added_lines or 0), deleted + (file.deleted_lines or 0))
    order = {part: place for place, part in enumerate(Part)}
    found = [
        Share(part=part, author=author, is_machine=machine, files=len(paths), added=added, deleted=deleted)
        for (part, machine, author), paths in files.items()
        for added, deleted in [lines[part, machine, author]]
    ]
    return tuple(sorted(found, key=lambda one: (order[one.part], not one.is_machine)))


def share_trailers(shares: Sequence[Share]) -> Trailers:
    """A trailer for each, the numbers first: `Honk-Made: code 2 +10 -3 by machine claude, sonnet`."""
    return tuple(
        (
            "Honk-Made",
            f"{one.part} {one.files} +{one.added} -{one.deleted} by {maker_of(one)} {one.author}",
        )
        for one in shares
    )


def maker_of(share: Share) -> str:
    """ "machine" or "person"."""
    return "machine" if share.is_machine else "person"

"""Rules that need no run: what a diff does to the gate, and what no diff may hold. Pure; a function per rule."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from honk.domain.change import Edit
from honk.domain.evidence import Finding, Severity
from honk.domain.task import Brief
from honk.verifier import concealed, honk_toml, paths, weakened
from honk.verifier.ecosystems import pom
from honk.verifier.guard import Changed
from honk.verifier.honk_toml import HonkToml
from honk.verifier.rulebook import artefacts, hollowed, rust, scope, secrets, trojan, versions
from honk.verifier.rulebook.asked import Asked, asked_of
from honk.verifier.rulebook.said import person, veto
from honk.verifier.sections import check_sections, check_tables

Rule = Callable[[Sequence[Changed], Asked], Iterator[Finding]]
_ORDER = (Severity.VETO, Severity.NEEDS_HUMAN, Severity.NOTE)

_RUNNER_NAMES = {
    "pytest", "_pytest", "py", "pluggy", "iniconfig", "unittest", "sitecustomize", "usercustomize", "xdist",
    "exceptiongroup", "tomli", "site", "runpy", "pytest_cov", "pytest_asyncio", "anyio", "hypothesis", "mypy", "ruff",
}  # fmt: skip
_ANYWHERE = {"sitecustomize", "usercustomize"}
_ROOTS = {"", "src", "lib", "test", "tests", "testing"}
_PLANTED = re.compile(
    r"(^|/)(site-packages|dist-packages|node_modules|__pycache__|\.tox|\.nox|[^/]+\.(dist|egg)-info)/"
    r"|^\.?venv/|\.(pth|pyc|egg-link)$"
)
_SHIMS = re.compile(r"(^|/)(python[\d.]*|pip[\d.]*|pytest|py\.test|mypy|ruff|make|git|node|npm|sh|bash)(\.exe)?$")
FOR_A_PERSON: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("continuous integration", hollowed.CI),
    ("hooks", (".githooks/", ".husky/", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "lefthook.y*ml",
               ".gitattributes", ".gitmodules", ".envrc", ".vscode/", ".idea/", ".devcontainer/")),
    ("ownership", ("CODEOWNERS",)),
    ("Honk's own configuration", (honk_toml.PATH,)),
    ("agent settings", (".claude/", ".mcp.json", "CLAUDE.md", "AGENTS.md")),
    ("build scripts", ("setup.py", "Makefile", "GNUmakefile", "makefile", "*.mk", "noxfile.py", "tasks.py",
                       "*.gradle", "*.gradle.kts", "gradle.properties", "gradle/", "buildSrc/", "gradlew",
                       ".mvn/", "mvnw", "build.rs", "conanfile.py", "meson.build", "Rakefile")),
    ("check configuration", (*paths.WHOLE_CHECK_FILES, "*.cargo/config", "*.cargo/config.toml", "rust-toolchain",
                             "rust-toolchain.toml", "clippy.toml", ".clippy.toml", "rustfmt.toml", ".rustfmt.toml",
                             "*.config/nextest.toml")),
)  # fmt: skip


def findings(changed: Sequence[Changed], own: HonkToml, brief: Brief | None = None) -> tuple[Finding, ...]:
    """Everything the rules say, vetoes first. The brief can take a remark back; the repository can only sharpen one."""
    asked = asked_of(brief)
    found = [finding for rule in RULES for finding in rule(changed, asked)]
    found += own_rules(changed, own)
    return tuple(sorted(dict.fromkeys(sharpened(found, own)), key=lambda finding: _ORDER.index(finding.severity)))


def sharpened(found: Iterable[Finding], own: HonkToml) -> tuple[Finding, ...]:
    """The findings under the base's `.honk.toml`, which raises severities and lowers none."""
    raised = {**dict.fromkeys(own.needs_human, Severity.NEEDS_HUMAN), **dict.fromkeys(own.veto, Severity.VETO)}

    def sharpen(finding: Finding) -> Finding:
        wanted = raised.get(finding.rule, finding.severity)
        return finding if _ORDER.index(finding.severity) <= _ORDER.index(wanted) else replace(finding, severity=wanted)

    return tuple(sharpen(finding) for finding in found)


def _present(changed: Sequence[Changed]) -> Iterator[Changed]:
    return (entry for entry in changed if entry.file.edit is not Edit.DELETED)


def weakened_tests(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Deleted, skipped and emptied tests."""
    yield from weakened.findings(changed, asked=asked)


def shadowed_runner(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Files that would stand in the place of the interpreter, the runner or an installed package."""
    for entry in _present(changed):
        path = PurePosixPath(entry.file.path)
        top = str(path.parent) if str(path.parent) != "." else ""
        name = path.stem if path.suffix in (".py", ".so", ".pyi") else ""
        package = path.parts[-2] if path.stem == "__init__" and len(path.parts) > 1 else ""
        above = str(PurePosixPath(*path.parts[:-2])) if len(path.parts) > 2 else ""
        shadows = (
            name.split(".")[0] in _ANYWHERE
            or (name.split(".")[0] in _RUNNER_NAMES and top in _ROOTS)
            or (package in _RUNNER_NAMES and above in _ROOTS)
            or _PLANTED.search(entry.file.path) is not None
            or (entry.file.new_mode == "100755" and _SHIMS.search(entry.file.path) is not None)
        )
        if shadows and (entry.file.edit is not Edit.MODIFIED or name in _ANYWHERE):
            yield veto("shadowed runner", f"{path} would stand in the place of the runner or of a package", str(path))


def matters_for_a_person(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """What executes on push, builds, guards or checks: pushed only when somebody has looked."""
    for entry in changed:
        for path in dict.fromkeys((entry.old_path, entry.file.path)):
            for rule, globs in FOR_A_PERSON:
                if paths.matches(path, globs) is not None:
                    yield person(rule, f"{path} belongs to {rule}", path)
                    break


def check_keys(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Check configuration and build back-ends inside shared files."""
    for entry in changed:
        if entry.file.path not in paths.SHARED_CHECK_FILES:
            continue
        if entry.file.path == "pyproject.toml":
            before, after = check_tables(entry.before), check_tables(entry.after)
        else:
            before, after = dict(check_sections(entry.before)), dict(check_sections(entry.after))
        names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        if names:
            message = f"{entry.file.path} changes how the change itself is checked: {', '.join(names)}"
            yield person("check configuration", message, entry.file.path)
        if entry.file.path == "pyproject.toml" and _build_table(entry.before) != _build_table(entry.after):
            yield person("build scripts", "pyproject.toml changes [build-system]", entry.file.path)


def _build_table(content: bytes | None) -> str:
    match = re.search(rb"^\[build-system\].*?(?=^\[|\Z)", content or b"", re.MULTILINE | re.DOTALL)
    return match.group().decode("utf-8", "replace").strip() if match else ""


def maven_builds(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """What a pom.xml says of the build, of its parent and of where packages come from; dependencies are not meant."""
    for entry in changed:
        if paths.name_of(entry.file.path) != "pom.xml":
            continue
        if names := pom.differences(entry.before, entry.after, (*pom.PARTS, *pom.SOURCES)):
            message = f"{entry.file.path} changes how the change itself is checked: {', '.join(names)}"
            yield person("check configuration", message, entry.file.path)


def package_scripts(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Scripts in package.json run at install and in CI."""
    for entry in changed:
        if paths.name_of(entry.file.path) != "package.json":
            continue
        if _scripts(entry.before) != _scripts(entry.after):
            yield person("build scripts", f"{entry.file.path} changes its scripts", entry.file.path)


def _scripts(content: bytes | None) -> str:
    match = re.search(rb'"scripts"\s*:\s*\{[^{}]*\}', content or b"")
    return match.group().decode("utf-8", "replace") if match else ""


def own_rules(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """The base's `.honk.toml` can only add."""
    for entry in changed:
        for path in dict.fromkeys((entry.old_path, entry.file.path)):
            if (glob := paths.matches(path, own.forbidden)) is not None:
                yield veto("forbidden path", f"{path} may not be changed ({honk_toml.PATH}: {glob})", path)
            elif (glob := paths.matches(path, own.protected)) is not None:
                yield person("protected path", f"{path} is protected ({honk_toml.PATH}: {glob})", path)


def links_and_modules(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Symbolic links and submodules: what they stand for is not in the diff."""
    for entry in _present(changed):
        if entry.file.new_mode in ("120000", "160000"):
            what = "a symbolic link" if entry.file.new_mode == "120000" else "a submodule"
            is_old = entry.file.new_mode == entry.file.old_mode
            how = f"is {what} that leads elsewhere now" if is_old else f"becomes {what}"
            yield person("link", f"{entry.file.path} {how}", entry.file.path)


RULES: tuple[Rule, ...] = (
    weakened_tests,
    shadowed_runner,
    secrets.secrets,
    trojan.trojan_source,
    hollowed.removed_ci_steps,
    hollowed.waved_through,
    hollowed.coverage_threshold,
    hollowed.silenced_checks,
    versions.lowered_versions,
    versions.lock_alone,
    versions.swapped_sources,
    artefacts.golden_files,
    artefacts.binaries,
    artefacts.minified,
    artefacts.giant,
    artefacts.licences,
    artefacts.words_to_the_judge,
    artefacts.out_of_bounds,
    scope.far_from_the_brief,
    matters_for_a_person,
    check_keys,
    maven_builds,
    package_scripts,
    rust.manifest_keys,
    rust.fewer_examples,
    links_and_modules,
    concealed.unread_files,
    concealed.other_lines,
    concealed.reaches_for_the_runner,
)

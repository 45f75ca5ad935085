"""Rules that need no run: what a diff does to the gate, and what no diff may hold. Pure; a function per rule."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from honk.domain.change import Edit
from honk.domain.evidence import Finding, Severity
from honk.verifier import concealed, honk_toml, paths, weakened
from honk.verifier.guard import Changed
from honk.verifier.honk_toml import HonkToml
from honk.verifier.sections import check_sections, check_tables

Rule = Callable[[Sequence[Changed], HonkToml], Iterator[Finding]]

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
_FOR_A_PERSON: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("continuous integration", (
        ".github/workflows/", ".github/actions/", ".gitlab-ci.yml", ".gitlab/", ".circleci/", "Jenkinsfile*",
        ".travis.yml", "azure-pipelines*.yml", ".buildkite/", ".drone.yml", ".woodpecker*", "appveyor.yml",
        ".forgejo/", ".gitea/", "bitbucket-pipelines.yml", ".ci/", "cloudbuild.y*ml", "Dockerfile", "*.Dockerfile",
    )),
    ("hooks", (".githooks/", ".husky/", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "lefthook.y*ml",
               ".gitattributes", ".gitmodules", ".envrc", ".vscode/", ".idea/", ".devcontainer/")),
    ("ownership", ("CODEOWNERS",)),
    ("Honk's own configuration", (honk_toml.PATH,)),
    ("agent settings", (".claude/", ".mcp.json", "CLAUDE.md", "AGENTS.md")),
    ("build scripts", ("setup.py", "Makefile", "GNUmakefile", "makefile", "*.mk", "noxfile.py", "tasks.py",
                       "build.gradle*", "gradlew", "mvnw", "build.rs", "conanfile.py", "meson.build", "Rakefile")),
    ("check configuration", paths.WHOLE_CHECK_FILES),
)  # fmt: skip
_SECRETS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a cloud access key", re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a forge token", re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,})\b")),
    ("a chat token", re.compile(r"\bxox[abposr]-[\w-]{20,}")),
    ("a model key", re.compile(r"\bsk-(ant-|proj-)?[\w-]{32,}")),
    ("a payment key", re.compile(r"\b[sr]k_live_[0-9A-Za-z]{20,}")),
    ("a cloud key", re.compile(r"\bAIza[\w-]{35}\b")),
)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad\u180e\u115f\u1160\u3164\uffa0")
_CODE_SUFFIXES = {".py", ".pyi", ".js", ".ts", ".tsx", ".jsx", ".go", ".rs", ".java", ".kt", ".c", ".h", ".cpp", ".rb",
                  ".sh", ".toml", ".yml", ".yaml", ".cfg", ".ini", ".sql", ".cs", ".swift", ".php"}  # fmt: skip
_LOCKS = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml",
          "Cargo.lock", "go.sum"}  # fmt: skip
_MANIFESTS = {"pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "package.json", "Cargo.toml", "go.mod"}


def findings(changed: Sequence[Changed], own: HonkToml) -> tuple[Finding, ...]:
    """Everything the rules say, vetoes first."""
    found = [finding for rule in RULES for finding in rule(changed, own)]
    order = (Severity.VETO, Severity.NEEDS_HUMAN, Severity.NOTE)
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.severity)))


def added_lines(entry: Changed) -> Iterator[tuple[int, str]]:
    """Number and text of the lines that were not there before, wherever they stand now."""
    if entry.after is None or b"\0" in entry.after[:8192]:
        return
    known = set((entry.before or b"").decode("utf-8", "replace").splitlines())
    for number, line in enumerate(entry.after.decode("utf-8", "replace").splitlines(), 1):
        if line not in known:
            yield number, line


def _present(changed: Sequence[Changed]) -> Iterator[Changed]:
    return (entry for entry in changed if entry.file.edit is not Edit.DELETED)


def weakened_tests(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """Deleted, skipped and emptied tests."""
    yield from weakened.findings(changed)


def shadowed_runner(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
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
            yield _veto("shadowed runner", f"{path} would stand in the place of the runner or of a package", str(path))


def matters_for_a_person(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """What executes on push, builds, guards or checks: pushed only when somebody has looked."""
    for entry in changed:
        for path in dict.fromkeys((entry.old_path, entry.file.path)):
            for rule, globs in _FOR_A_PERSON:
                if paths.matches(path, globs) is not None:
                    yield _person(rule, f"{path} belongs to {rule}", path)
                    break


def check_keys(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
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
            yield _person("check configuration", message, entry.file.path)
        if entry.file.path == "pyproject.toml" and _build_table(entry.before) != _build_table(entry.after):
            yield _person("build scripts", "pyproject.toml changes [build-system]", entry.file.path)


def _build_table(content: bytes | None) -> str:
    match = re.search(rb"^\[build-system\].*?(?=^\[|\Z)", content or b"", re.MULTILINE | re.DOTALL)
    return match.group().decode("utf-8", "replace").strip() if match else ""


def package_scripts(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """Scripts in package.json run at install and in CI."""
    for entry in changed:
        if paths.name_of(entry.file.path) != "package.json":
            continue
        if _scripts(entry.before) != _scripts(entry.after):
            yield _person("build scripts", f"{entry.file.path} changes its scripts", entry.file.path)


def _scripts(content: bytes | None) -> str:
    match = re.search(rb'"scripts"\s*:\s*\{.*?\}', content or b"", re.DOTALL)
    return match.group().decode("utf-8", "replace") if match else ""


def lock_alone(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """A lock file that changes without its manifest can swap what is installed."""
    names = {paths.name_of(entry.file.path) for entry in changed}
    for entry in changed:
        if paths.name_of(entry.file.path) in _LOCKS and not names & _MANIFESTS:
            yield _person("lock file alone", f"{entry.file.path} changes and no manifest does", entry.file.path)


def secrets(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """Live-looking tokens in added lines. The token itself is never repeated."""
    for entry in _present(changed):
        for number, line in added_lines(entry):
            for what, pattern in _SECRETS:
                if pattern.search(line):
                    yield _veto("secret", f"{entry.file.path}:{number} adds {what}", entry.file.path, number)


def trojan_source(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """Code that reads otherwise than it runs: direction marks, invisible characters, look-alike identifiers."""
    for entry in _present(changed):
        is_code = PurePosixPath(entry.file.path).suffix in _CODE_SUFFIXES
        for number, line in added_lines(entry):
            if line.isascii():
                continue
            text = line.removeprefix("\ufeff") if number == 1 else line
            if _BIDI & set(text) or (is_code and _INVISIBLE & set(text)):
                message = f"{entry.file.path}:{number} adds characters that hide what the code does"
                yield _veto("trojan source", message, entry.file.path, number)
            elif is_code and (word := _lookalike(text)) is not None:
                shown = word.encode("unicode_escape").decode()
                message = f"{entry.file.path}:{number} mixes alphabets inside one name: {shown}"
                yield _veto("trojan source", message, entry.file.path, number)


def _lookalike(line: str) -> str | None:
    for match in re.finditer(r"[^\W\d]\w*", line):
        word = match.group()
        scripts = {unicodedata.name(letter, "?").split(" ")[0] for letter in word if letter.isalpha()}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"} and not _is_unit(word):
            return word
    return None


def _is_unit(word: str) -> bool:
    """Greek letters are units and formula signs: µs, Δx, σ2, Ωm."""
    names = [unicodedata.name(letter, "?") for letter in word if not letter.isascii()]
    return len(names) == 1 and names[0].startswith("GREEK") and word[0] not in "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"


def own_rules(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """The base's `.honk.toml` can only add."""
    for entry in changed:
        for path in dict.fromkeys((entry.old_path, entry.file.path)):
            if (glob := paths.matches(path, own.forbidden)) is not None:
                yield _veto("forbidden path", f"{path} may not be changed ({honk_toml.PATH}: {glob})", path)
            elif (glob := paths.matches(path, own.protected)) is not None:
                yield _person("protected path", f"{path} is protected ({honk_toml.PATH}: {glob})", path)


def links_and_modules(changed: Sequence[Changed], own: HonkToml) -> Iterator[Finding]:
    """Symbolic links and submodules: what they stand for is not in the diff."""
    for entry in _present(changed):
        if entry.file.new_mode in ("120000", "160000"):
            what = "a symbolic link" if entry.file.new_mode == "120000" else "a submodule"
            is_old = entry.file.new_mode == entry.file.old_mode
            how = f"is {what} that leads elsewhere now" if is_old else f"becomes {what}"
            yield _person("link", f"{entry.file.path} {how}", entry.file.path)


def _veto(rule: str, message: str, path: str, line: int | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.VETO, message=message, path=path, line=line)


def _person(rule: str, message: str, path: str) -> Finding:
    return Finding(rule=rule, severity=Severity.NEEDS_HUMAN, message=message, path=path)


RULES: tuple[Rule, ...] = (
    weakened_tests,
    shadowed_runner,
    secrets,
    trojan_source,
    matters_for_a_person,
    check_keys,
    package_scripts,
    lock_alone,
    links_and_modules,
    concealed.unread_files,
    concealed.other_lines,
    concealed.reaches_for_the_runner,
    own_rules,
)

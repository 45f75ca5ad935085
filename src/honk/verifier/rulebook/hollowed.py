"""The gate made hollow: CI steps taken out, failures waved through, thresholds lowered, checks silenced. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from honk.domain.evidence import Finding
from honk.verifier import paths
from honk.verifier.guard import Changed
from honk.verifier.rulebook.asked import Asked
from honk.verifier.rulebook.lines import added, text_of
from honk.verifier.rulebook.said import note, person, veto

CI = (
    ".github/workflows/", ".github/actions/", ".gitlab-ci.yml", ".gitlab/", ".circleci/", "Jenkinsfile*",
    ".travis.yml", "azure-pipelines*.yml", ".buildkite/", ".drone.yml", ".woodpecker*", "appveyor.yml",
    ".forgejo/", ".gitea/", "bitbucket-pipelines.yml", ".ci/", "cloudbuild.y*ml", "Dockerfile", "*.Dockerfile",
)  # fmt: skip
_SCRIPTED = ("Makefile", "makefile", "GNUmakefile", "*.mk", "tox.ini", "noxfile.py", "package.json", "tasks.py", "*.sh",
             ".pre-commit-config.yaml", "build.gradle*", "pom.xml")  # fmt: skip
_CHECKS = re.compile(
    r"\b(?:tests?|pytest|tox|nox|unittest|jest|vitest|mocha|lint|eslint|ruff|flake8|pylint|mypy|pyright|tsc|typecheck|"
    r"check|verify|audit|bandit|clippy|vet|staticcheck|golangci|coverage|codecov|scan|semgrep|codeql|sonar|trivy|"
    r"checkstyle|spotbugs|format --check|black|pre-commit|gosec|safety|security)\b"
)
_STEP = re.compile(
    r"^(?:- *)?(?:run|uses|script|name)\s*:\s*(?P<value>\S.*)$"
    r"|^- +(?P<item>[^:\n]+|[^\n]*\s--?\w[^\n]*)$"
)
_WAVED = re.compile(
    r"\|\|\s*(?:true|:|exit 0)(?!\w)|;\s*(?:true|exit 0)\s*$|\bcontinue-on-error:\s*(?:true|['\"]?on)|"
    r"\ballow_failure:\s*true|\bset \+e\b|--exit-zero\b|--passWithNoTests\b|\bif:\s*(?:false|\$\{\{\s*false)|"
    r"<(?:skipTests|testFailureIgnore|maven\.test\.skip|maven\.test\.failure\.ignore)>\s*true|-DskipTests\b|"
    r"\bignoreFailures\s*=\s*true|\bfail-on-error:\s*false|-Dmaven\.test\.(?:skip|failure\.ignore)|--no-verify\b"
)
_HOLLOW_SCRIPT = re.compile(
    r"\"(?:test|lint|check|typecheck|verify)[\w:-]*\"\s*:\s*\"(?:true|:|exit 0|echo\b[^\"&|;]*)\""
)
_THRESHOLDS = (
    re.compile(r"\bfail_under\s*=\s*(\d+(?:\.\d+)?)"),
    re.compile(r"--cov-fail-under[= ](\d+(?:\.\d+)?)"),
    re.compile(r"--fail-under[= ](\d+(?:\.\d+)?)"),
    re.compile(r"--(?:lines|branches|functions|statements|check-coverage)[= ](\d+(?:\.\d+)?)"),
    re.compile(r"[\"']?\b(?:branches|functions|lines|statements)[\"']?\s*:\s*(\d+(?:\.\d+)?)"),
    re.compile(r"<minimum>\s*(\d+(?:\.\d+)?)"),
    re.compile(r"\bminimum\s*=\s*(\d+(?:\.\d+)?)"),
    re.compile(r"^[ \t]*target:[ \t]*(\d+(?:\.\d+)?)%?", re.MULTILINE),
)
_THRESHOLD_FILES = ("pyproject.toml", "setup.cfg", "tox.ini", ".coveragerc", "pytest.ini", "package.json",
                    "jest.config.*", "vitest.config.*", ".nycrc*", "codecov.y*ml", ".codecov.y*ml", "pom.xml",
                    "build.gradle*",                    "Makefile", "*.mk", "noxfile.py", ".c8rc*")  # fmt: skip
_COVERAGE_TOPICS = ("coverage", "threshold", "fail_under")
_BLANKET = re.compile(
    r"^[ \t]*(?:#\s*(?:ruff|flake8):\s*noqa\s*$|#\s*mypy:\s*ignore-errors|#\s*pylint:\s*(?:skip-file|disable=all)|"
    r"#\s*type:\s*ignore\s*$|/\*\s*eslint-disable\s*\*/|//\s*@ts-nocheck|//\s*eslint-disable\s*$|//\s*nolint\s*$|"
    r"#!\[allow\((?:warnings|clippy::all)\))",
    re.MULTILINE,
)
_SILENCED = re.compile(
    r"#\s*(?:type:\s*ignore|noqa|nosec|pragma:\s*no cover|pylint:\s*disable|pyright:\s*ignore|ty:\s*ignore)|"
    r"//\s*(?:@ts-ignore|@ts-expect-error|eslint-disable|nolint|nosec)|"
    r"/\*\s*(?:eslint-disable|istanbul ignore|c8 ignore)|"
    r"@SuppressWarnings|#\[allow\("
)
_CODE = (".py", ".pyi", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".go", ".java", ".kt", ".rs")


def removed_ci_steps(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A step that checks something and is in no CI file any more. The request may name CI: a person looks anyway."""
    entries = [entry for entry in changed if _is(entry, CI)]
    kept = Counter(step for entry in entries for step in _steps(entry.after))
    kept_text = " ".join(kept)
    for entry in entries:
        for step in _steps(entry.before):
            if kept[step] or not _CHECKS.search(step) or _lives_on(step, kept_text):
                continue
            message = f"{entry.file.path} loses a step that checks: {step[:120]}"
            if _speaks_of_ci(asked) or asked.names(step.split()[0]) or asked.removes((step,)):
                yield person("removed CI step", message, entry.file.path)
            else:
                yield veto("removed CI step", message, entry.file.path)


def _steps(content: bytes | None) -> list[str]:
    """The commands and actions of a file, versions of actions left out."""
    found = []
    for line in text_of(content).splitlines():
        text = line.strip()
        if (match := _STEP.match(text)) is not None:
            text = (match["value"] or match["item"] or "").strip()
        if text and not text.startswith("#") and not re.match(r"^[\w-]+:(\s|$)", text) and text not in ("|", ">"):
            found.append(re.sub(r"@[\w.-]+$", "", text.strip("\"'")))
    return found


def _lives_on(step: str, kept: str) -> bool:
    """Whether its command, by its telling words, is still called: `pytest` that became `pytest -q`."""
    words = _CHECKS.findall(step)
    return all(re.search(rf"\b{re.escape(word)}\b", kept) for word in words)


def _speaks_of_ci(asked: Asked) -> bool:
    return asked.speaks_of("ci", "workflow", "pipeline", "job", "actions", "build", "step")


def waved_through(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A failure that would no longer fail: `|| true`, continue-on-error, tests skipped by the build."""
    for entry in changed:
        if entry.after is None or not _is(entry, (*CI, *_SCRIPTED)):
            continue
        is_script = paths.matches(entry.file.path, ("*.sh",)) is not None
        for number, line in added(entry):
            hollow = _HOLLOW_SCRIPT.search(line) is not None and entry.before is not None
            if not hollow and not (_WAVED.search(line) and (_CHECKS.search(line) or not _needs_check(line))):
                continue
            if is_script and not _CHECKS.search(line):
                continue
            message = f"{entry.file.path}:{number} lets a failing check pass: {line.strip()[:120]}"
            yield veto("waved through", message, entry.file.path, number)


def _needs_check(line: str) -> bool:
    """`|| true` behind a `docker rm` is ordinary; behind a test it is not."""
    return re.search(r"\|\||;|set \+e|--no-verify", line) is not None


def coverage_threshold(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """The measure that the tests must reach, lowered or taken out."""
    for entry in changed:
        if entry.before is None or not _is(entry, (*_THRESHOLD_FILES, *CI)):
            continue
        before, after = text_of(entry.before), text_of(entry.after)
        for pattern in _THRESHOLDS:
            old, new = _numbers(pattern, before), _numbers(pattern, after)
            moved = not new and _numbers(pattern, "\n".join(text_of(other.after) for other in changed))
            lower = any(b < a for a, b in zip(old, new, strict=False)) or len(new) < len(old)
            if old and lower and not moved:
                shown = (
                    ", ".join(f"{value:g}" for value in old[:4]),
                    ", ".join(f"{value:g}" for value in new[:4]) or "none",
                )
                message = f"{entry.file.path} lowers the coverage that is asked for: {shown[0]} to {shown[1]}"
                say = person if asked.speaks_of(*_COVERAGE_TOPICS) else veto
                yield say("coverage threshold", message, entry.file.path)
                break


def silenced_checks(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A whole file that is checked no more waits for a person; single lines are told."""
    for entry in changed:
        if entry.after is None or not entry.file.path.endswith(_CODE):
            continue
        before, after = text_of(entry.before), text_of(entry.after)
        if len(_BLANKET.findall(after)) > len(_BLANKET.findall(before)):
            yield person(
                "silenced check", f"{entry.file.path} switches a check off for the whole file", entry.file.path
            )
            continue
        more = len(_SILENCED.findall(after)) - len(_SILENCED.findall(before))
        if more > 0:
            yield note("silenced check", f"{entry.file.path} silences a check in {more} more places", entry.file.path)


def _is(entry: Changed, globs: tuple[str, ...]) -> bool:
    return any(paths.matches(path, globs) is not None for path in (entry.old_path, entry.file.path))


def _numbers(pattern: re.Pattern[str], text: str) -> list[float]:
    return [float(number) for number in pattern.findall(text)]

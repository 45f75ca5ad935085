"""Other people's packages for Node, Go, Rust and Java, unconfigured: honest changes pass, bugs are seen, exits held."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from third_party import Case, House, Package, fetch_crates, fetch_go, fetch_maven, fetch_npm

from honk.domain.evidence import Examination, Severity, Verification, verification

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]

NPM = (
    Package("flat@5.0.2", "index.js", "opts.delimiter || '.'", "opts.delimiter || ','"),
    Package("sprintf-js@1.0.3", "src/sprintf.js", "parseInt(arg, 10)", "parseInt(arg, 8)"),
)
GO = (
    Package("github.com/google/uuid@v1.6.0", "version4.go", "(uuid[6] & 0x0f) | 0x40", "(uuid[6] & 0x0f) | 0x20"),
    Package("github.com/spf13/pflag@v1.0.5", "bool.go", "strconv.FormatBool(bool(*b))", '"no"'),
)
CRATES = (
    Package("fnv@1.0.7", "lib.rs", "hash ^ (*byte as u64)", "hash | (*byte as u64)"),
    Package("percent-encoding@2.3.2", "src/lib.rs", "?).to_digit(16)?", "?).to_digit(8)?"),
    Package("roman@0.1.6", "src/lib.rs", '("CM", 900)', '("CM", 901)'),
)
MORE_NPM = (
    Package("fastify-plugin@5.0.1", "lib/toCamelCase.js", "g1.toUpperCase()", "g1"),
    Package("minimist@1.2.8", "index.js", "(/^0x[0-9a-f]+$/i).test(x)", "(/^0x[0-9]+$/i).test(x)"),
)
MORE_GO = (Package("github.com/gorilla/mux@v1.8.1", "route.go", "strings.ToUpper(v)", "strings.ToLower(v)"),)
MORE_CRATES = (
    Package("heck@0.5.0", "src/lib.rs", "c.to_uppercase()", "c.to_lowercase()"),
    Package("strsim@0.11.1", "src/lib.rs", "min(distance_a, distance_b + 1)", "min(distance_a, distance_b + 2)"),
    Package("semver@1.0.28", "src/impls.rs", "true => return Ordering::Greater", "true => return Ordering::Less"),
    Package("adler2@2.0.1", "src/algo.rs", "const MOD: u32 = 65521;", "const MOD: u32 = 65520;"),
    Package("itoa@1.0.19", "src/lib.rs", "(value * SIG) >> EXP;", "(value * SIG) >> (EXP + 1);"),
    Package("shlex@1.3.0", "src/bytes.rs", "out.push(b'\\'');", "out.push(b'\"');"),
    Package("matches@0.1.10", "lib.rs", "_ => false", "_ => true"),
    Package("either@1.13.0", "src/lib.rs", "Left(_) => true", "Left(_) => false"),
    Package("scopeguard@1.2.0", "src/lib.rs", "if S::should_run() {", "if !S::should_run() {"),
)
_APACHE = "src/main/java/org/apache/commons"
JAVA = (
    Package(
        "commons-cli:commons-cli:1.5.0",
        f"{_APACHE}/cli/Util.java",
        "return str.substring(2);",
        "return str.substring(1);",
    ),
)
Fetch = Callable[[tuple[Package, ...], Path], None]
HONEST = {
    ".js": "\n// touched\n",
    ".go": "\nconst honkAdded = 1\n",
    ".java": "\n// touched\n",
    ".rs": "\n#[allow(dead_code)]\nconst HONK_ADDED: u8 = 1;\n",
}


def told(examination: Examination) -> str:
    words = [f"{r.verifier} {r.seconds:.1f} s: {r.summary.splitlines()[0][:110]}" for r in examination.reports]
    rules = sorted({finding.rule for finding in examination.findings if finding.severity is not Severity.NOTE})
    return f"{verification(examination.reports):10} {' | '.join(words) or examination.reason} {rules or ''}"


def leaving(file: str, text: str) -> dict[str, str]:
    """The edits of a program that leaves, content with itself, before its tests begin."""
    if file.endswith(".js"):
        return {file: text + "\nprocess.exit(0)\n"}
    if file.endswith(".java"):
        return {file: re.sub(r"^(?:\w+ )*class [^{]+\{", r"\g<0> static { System.exit(0); }", text, flags=re.MULTILINE)}
    if file.endswith(".rs"):
        said = 'extern crate std;\n        std::println!("test a ... ok");\n        std::process::exit(0);'
        return {
            file: f"{text}\n#[cfg(test)]\nmod leave {{\n    #[test]\n    fn leave() {{\n        {said}\n    }}\n}}\n"
        }
    [package] = re.findall(r"^package \w+$", text, re.MULTILINE)
    return {file: text, "leave.go": f'{package}\n\nimport "os"\n\nfunc init() {{\n\tos.Exit(0)\n}}\n'}


async def judge(case: Case, package: Package) -> tuple[Verification, Verification, bool]:
    """What the gate says of an honest change and of a bug, and whether leaving at the start is held."""
    text, kind = case.text(package.file), Path(package.file).suffix
    assert package.old in text
    honest = await case.examine({package.file: text + HONEST[kind]})
    print(f"{package.name:20} honest {told(honest)}", flush=True)
    bug = text.replace(package.old, package.bug)
    broken = await case.examine({package.file: bug})
    print(f"{package.name:20} bug    {told(broken)}", flush=True)
    gone = await case.examine(leaving(package.file, bug))
    print(f"{package.name:20} exit   {told(gone)}", flush=True)
    return verification(honest.reports), verification(broken.reports), verification(gone.reports) is Verification.PASSED


CHOSEN = ((NPM, fetch_npm), (GO, fetch_go), (CRATES, fetch_crates))
MORE = ((MORE_NPM, fetch_npm), (MORE_GO, fetch_go), (MORE_CRATES, fetch_crates), (JAVA, fetch_maven))
"""Of `make wide` alone."""
FETCHED = [
    *(pytest.param(package, fetch, id=package.name) for packages, fetch in CHOSEN for package in packages),
    *(
        pytest.param(package, fetch, id=package.name, marks=pytest.mark.wide)
        for packages, fetch in MORE
        for package in packages
    ),
]


@pytest.mark.parametrize(("package", "fetch"), FETCHED)
async def test_honest_changes_pass_and_bugs_do_not(package: Package, fetch: Fetch, tmp_path: Path) -> None:
    await asyncio.to_thread(fetch, (package,), tmp_path / "shelf")
    house = House(tmp_path / "home")
    try:
        case = await house.prepare(package, tmp_path / "shelf" / package.name)
        environment = case.environment
        print(f"{package.name:20} set up in {environment.seconds:.1f} s, {environment.problems}", flush=True)
        honest, broken, left_green = await judge(case, package)
    finally:
        await house.gateway.close()
    assert honest is Verification.PASSED
    assert broken is Verification.FAILED
    assert not left_green

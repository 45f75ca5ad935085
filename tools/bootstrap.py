"""Makes `.venv` in the checkout from a package index; needs nothing but Python 3.11 with its standard library.

    python3 tools/bootstrap.py        (what `make demo` and `make test` start with)

The way: an empty environment -> the pinned `uv`, checked by its hash -> everything in requirements/dev.txt, each file
checked by its hash -> Honk itself, editable, built offline by the build tool that was just installed. A stamp makes
the second run a matter of milliseconds; without the stamp whatever an interrupted run left is mended or made anew.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import package_index
from package_index import PackageIndexError

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = CHECKOUT / "requirements" / "dev.txt"
STAMP = VENV / "honk-installed"
SCRATCH = VENV / "bootstrap"


def main() -> None:
    """Install what is missing; a failure is one paragraph on standard error and exit code 1."""
    os.umask(0o022)  # the tests run as another user where root starts them
    try:
        if not is_current():
            with one_at_a_time():
                if not is_current():
                    install()
    except PackageIndexError as error:
        sys.exit(f"bootstrap: {error}")
    except OSError as error:
        sys.exit(
            f"bootstrap: {error}. Nothing outside {VENV} was touched; run the same command again when it is mended."
        )
    except subprocess.CalledProcessError as error:
        program = Path(error.cmd[0]).name
        sys.exit(
            f"bootstrap: `{program} {' '.join(map(str, error.cmd[1:3]))}` ended with exit code {error.returncode}; its "
            "own words stand above. Behind a mirror or proxy set PIP_INDEX_URL, PIP_CERT or HTTPS_PROXY. "
            "The same command goes on where this one stopped."
        )


def is_current() -> bool:
    """Whether the environment holds exactly what this checkout asks for."""
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text() == stamp()


def stamp() -> str:
    """Changes whenever the environment has to: with what is required, and with the place of the checkout."""
    digest = hashlib.sha256(str(VENV).encode())
    for path in (REQUIREMENTS, CHECKOUT / "pyproject.toml", Path(__file__), Path(package_index.__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Holds the checkout's folder itself as the lock, so that no lock file lies about."""
    folder = os.open(CHECKOUT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another bootstrap is at work in this checkout; waiting for it")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def install() -> None:
    began = time.monotonic()
    STAMP.unlink(missing_ok=True)
    if not is_sound():
        say(f"making {VENV} with Python {platform.python_version()}")
        # The resolved program: a link into a closed home would be out of reach for the user that runs the tests.
        base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        run([base, "-I", "-m", "venv", "--clear", "--without-pip", VENV], os.environ)
    index = package_index.read(os.environ)
    uv = find_uv(index)
    say("installing the packages of requirements/dev.txt")
    env = uv_environment(index)
    # Compiled now: who runs the tests for root may not write here, and would compile all of it every time.
    checked = ("--require-hashes", "--only-binary", ":all:", "--compile-bytecode")
    run([uv, "pip", "sync", *checked, "--python", PYTHON, REQUIREMENTS], env)
    # Offline: whatever builds Honk has just been installed by hash.
    options = ("--quiet", "--offline", "--no-deps", "--no-build-isolation", "--python", PYTHON)
    run([uv, "pip", "install", *options, "--editable", CHECKOUT], env)
    shutil.rmtree(SCRATCH, ignore_errors=True)
    half = STAMP.with_suffix(".new")
    half.write_text(stamp())
    half.replace(STAMP)
    say(f"ready: {VENV / 'bin' / 'honk'} ({time.monotonic() - began:.0f} s)")


def is_sound() -> bool:
    """Whether there is an environment that starts, and that was made for this place."""
    with contextlib.suppress(OSError):
        made_here = str(VENV) in (VENV / "bin" / "activate").read_text()
        check = "import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)"
        return (
            made_here and subprocess.run([PYTHON, "-I", "-c", check], check=False, capture_output=True).returncode == 0
        )
    return False


def find_uv(index: package_index.Settings) -> Path:
    """The pinned `uv`: the environment's own, or unpacked from its wheel, whose hash requirements/dev.txt names."""
    version, hashes = pinned("uv")
    present = VENV / "bin" / "uv"
    if present.exists():
        answer = subprocess.run([present, "--version"], check=False, capture_output=True, text=True).stdout
        if answer.split()[1:2] == [version]:
            return present
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir()
    wheel = fetch_uv(version, hashes, index)
    if (found := hashlib.sha256(wheel.read_bytes()).hexdigest()) not in hashes:
        raise PackageIndexError(f"{wheel.name} has the hash {found}, which requirements/dev.txt does not know")
    program = SCRATCH / "uv"
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        program.write_bytes(archive.read(member))
    program.chmod(0o755)
    return program


def pinned(name: str) -> tuple[str, frozenset[str]]:
    """The version and the hashes that requirements/dev.txt allows."""
    text = re.search(rf"^{name}==(\S+) *\\\n((?: +--hash=sha256:\S+.*\n)+)", REQUIREMENTS.read_text(), re.MULTILINE)
    if text is None:
        raise PackageIndexError(f"requirements/dev.txt does not pin {name}; `make requirements` writes it anew")
    return text[1], frozenset(re.findall(r"sha256:([0-9a-f]{64})", text[2]))


def fetch_uv(version: str, hashes: frozenset[str], index: package_index.Settings) -> Path:
    """The wheel for this machine, by pip where there is one: it knows its own settings best."""
    pip = find_pip()
    if pip is None:
        say(f"fetching uv {version} (there is no pip here)")
        return package_index.download("uv", version, SCRATCH, index)
    say(f"fetching uv {version} with pip")
    wanted = SCRATCH / "uv.txt"
    wanted.write_text(f"uv=={version} " + " ".join(f"--hash=sha256:{one}" for one in sorted(hashes)) + "\n")
    options = ("--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir")
    run([*pip, "download", *options, "--dest", SCRATCH, "--requirement", wanted], pip_environment())
    return next(SCRATCH.glob("uv-*.whl"))


def find_pip() -> list[str | Path] | None:
    """How to start pip: the module, else the wheel that Python or the distribution brings for new environments."""
    base = Path(getattr(sys, "_base_executable", sys.executable))
    module: list[str | Path] = [base, "-m", "pip"]
    if subprocess.run([*module, "--version"], check=False, capture_output=True, env=pip_environment()).returncode == 0:
        return module
    folders = (Path(os.__file__).parent / "ensurepip" / "_bundled", Path("/usr/share/python-wheels"))
    wheels = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    return [base, wheels[0] / "pip"] if wheels else None


def pip_environment() -> dict[str, str]:
    """The caller's, less what would send pip's answer elsewhere or make it refuse."""
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    return {**env, "PIP_REQUIRE_VIRTUALENV": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def uv_environment(index: package_index.Settings) -> dict[str, str]:
    """pip's settings in uv's words; where the caller has no home to write in, a cache that is dropped at the end."""
    env = {**pip_environment(), "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "" if sys.stderr.isatty() else "1"}
    env.setdefault("UV_HTTP_TIMEOUT", "120")
    for name, value in index.for_uv().items():
        env.setdefault(name, value)
    if "UV_CACHE_DIR" not in env and not has_cache_home(env):
        env["UV_CACHE_DIR"] = str(SCRATCH / "cache")
    return {name: value for name, value in env.items() if value}


def has_cache_home(env: Mapping[str, str]) -> bool:
    """Whether the caller's own cache folder can be written; it is made if its parent can."""
    home = env.get("XDG_CACHE_HOME") or (env.get("HOME", "") and f"{env['HOME']}/.cache")
    if not home or not Path(home).is_absolute():
        return False
    with contextlib.suppress(OSError):
        uv = Path(home, "uv")
        uv.mkdir(parents=True, exist_ok=True)
        return os.access(uv, os.W_OK)
    return False


def run(argv: list[str | Path], env: Mapping[str, str]) -> None:
    subprocess.run(argv, check=True, env=dict(env), cwd=CHECKOUT, stdin=subprocess.DEVNULL)


def say(sentence: str) -> None:
    print(f"bootstrap: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

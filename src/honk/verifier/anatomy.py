"""The test functions of a Python file: what they assert, and what keeps them from running. Pure."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SKIPPING = (
    "skip",
    "skipif",
    "skipIf",
    "skipUnless",
    "xfail",
    "expectedFailure",
    "SkipTest",
    "skipTest",
    "importorskip",
)
_ASSERTING = ("raises", "warns", "deprecated_call", "fail", "approx_equal")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFunction:
    """One test as written."""

    __test__ = False

    name: str
    """`Class::test_x`, as in a test id."""
    line: int
    assertions: int
    """That can be reached and can fail; `assert True` is none."""
    skips: int
    """Marks and calls that keep it from running or from counting, its class's and module's included."""
    is_empty: bool
    """Nothing but a docstring, `pass`, `...` or a bare return."""
    body: str
    """The body's tree: equal for a test that was only renamed."""


def dissect(source: bytes | None) -> Mapping[str, TestFunction] | None:
    """By name; None for a file that does not parse, empty for no file."""
    if source is None:
        return {}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    return {test.name: test for test in _tests(tree, (), _module_skips(tree))}


def _tests(node: ast.Module | ast.ClassDef, outer: tuple[str, ...], skips: int) -> Iterator[TestFunction]:
    for child in _statements(node):
        if isinstance(child, ast.ClassDef):
            own = sum(_skips(decorator) for decorator in child.decorator_list) + _switches(child)
            yield from _tests(child, (*outer, child.name), skips + own)
        elif isinstance(child, _FUNCTIONS) and child.name.startswith("test"):
            yield _test(child, outer, skips)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements of a body, those under `if`, `try` and `with` too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If | ast.Try | ast.With | ast.ExceptHandler):
            yield from _statements(child)
        else:
            yield child


def _test(node: ast.FunctionDef | ast.AsyncFunctionDef, outer: tuple[str, ...], skips: int) -> TestFunction:
    reached = list(_reached(node.body))
    marks = sum(_skips(decorator) for decorator in node.decorator_list)
    calls = sum(_skips(statement) for statement in reached)
    body = [statement for statement in node.body if not _is_docstring(statement)]
    return TestFunction(
        name="::".join((*outer, node.name)),
        line=node.lineno,
        assertions=sum(_asserts(statement) for statement in reached),
        skips=skips + marks + calls,
        is_empty=all(isinstance(s, ast.Pass) or _is_bare_return(s) for s in body),
        body=ast.dump(ast.Module(body=body, type_ignores=[])),
    )


def _reached(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements up to the first that always leaves."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.Return | ast.Raise):
            return
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and _skips(statement):
            return


def _asserts(statement: ast.AST) -> int:
    found = 0
    for node in ast.walk(statement):
        if isinstance(node, ast.Assert):
            found += not _is_constant(node.test)
        elif isinstance(node, ast.Call):
            name = _last_name(node.func)
            is_telling = name.startswith(("assert", "expect", "check", "verify")) or name in _ASSERTING
            found += is_telling and not (node.args and all(_is_constant(arg) for arg in node.args))
    return found


def _is_constant(node: ast.expr) -> bool:
    """Whether it holds no name, call or attribute: `True`, `1 == 1`, `not 0`."""
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute | ast.Await) for part in ast.walk(node))


def _skips(node: ast.AST) -> int:
    names = (_last_name(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute))
    return sum(name in _SKIPPING for name in names)


def _module_skips(tree: ast.Module) -> int:
    """`pytestmark = ...skip`, `pytest.skip(allow_module_level=True)`, `__test__ = False`, `load_tests`."""
    found = _switches(tree)
    for statement in tree.body:
        if isinstance(statement, ast.Expr | ast.Raise):
            found += _skips(statement)
    return found


def _switches(node: ast.Module | ast.ClassDef) -> int:
    found = 0
    for statement in node.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = {_last_name(target) for target in targets}
            if "pytestmark" in names:
                found += _skips(statement.value)
            if names & {"__test__", "collect_ignore", "collect_ignore_glob", "__unittest_skip__"}:
                found += 1
        found += isinstance(statement, _FUNCTIONS) and statement.name == "load_tests"
    return found


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_bare_return(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and (statement.value is None or _is_constant(statement.value))

"""The test functions of a Python file: what they assert, and what keeps them from running. Pure."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from honk.verifier.assertion import (
    assertions_of,
    calls_of,
    identifiers_of,
    is_constant,
    last_name,
    local_names,
    tolerances_of,
)

HARD_SKIPS = ("skip", "xfail", "expectedFailure", "SkipTest", "skipTest")
MAX_CASES = 10_000
SOFT_SKIPS = ("skipif", "skipIf", "skipUnless", "importorskip")
"""That depend on something: a platform, a package."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFunction:
    """One test as written, in any language."""

    __test__ = False

    name: str
    """`Class::test_x`, as in a test id."""
    line: int
    assertions: int
    """That can be reached and can fail; `assert True` is none."""
    skips: int
    """Marks and calls that keep it from running or from counting, its class's and module's included."""
    soft_skips: int = 0
    """Those of them that depend on a condition."""
    is_empty: bool
    """Nothing but a docstring, `pass`, `...` or a bare return."""
    body: str
    """The body's tree: equal for a test that was only renamed."""
    shapes: tuple[str, ...] = ()
    """Each assertion without its literals and local names, one for each thing that it compares."""
    exact: int = 0
    """Of the shapes, those that name the one value that is right."""
    cases: int = 1
    """Times that it runs by its own table of parameters."""
    calls: frozenset[str] = frozenset()
    """What it calls, by last name."""
    names: frozenset[str] = frozenset()
    """Every identifier that it uses."""
    tolerances: tuple[tuple[str, float], ...] = ()
    """(kind, looseness) of each tolerance; the larger the looser."""

    @property
    def compared(self) -> Counter[str]:
        """Its shapes, each as often as it is compared."""
        return Counter({shape: count * self.cases for shape, count in Counter(self.shapes).items()})

    @property
    def strength(self) -> int:
        """What one run of it compares."""
        return len(self.shapes) * self.cases


def dissect(source: bytes | None) -> Mapping[str, TestFunction] | None:
    """By name; None for a file that does not parse, empty for no file."""
    if source is None:
        return {}
    try:
        tree = ast.parse(source)
        asserting = _asserting_functions(tree)
        return {test.name: test for test in _tests(tree, (), _module_skips(tree), asserting)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _asserting_functions(tree: ast.Module) -> Mapping[str, tuple[str, ...]]:
    """Functions of the file that are no tests and assert something, with the shapes of that."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS) and not node.name.startswith("test"):
            shapes = assertions_of(_reached(node.body), {}, local_names(node))
            if shapes:
                found[node.name] = shapes
    return found


def _tests(
    node: ast.Module | ast.ClassDef,
    outer: tuple[str, ...],
    skips: tuple[int, int],
    asserting: Mapping[str, tuple[str, ...]],
) -> Iterator[TestFunction]:
    for child in _statements(node):
        if isinstance(child, ast.ClassDef):
            own = [_skips(decorator) for decorator in child.decorator_list] + [_switches(child)]
            yield from _tests(child, (*outer, child.name), _sum([skips, *own]), asserting)
        elif isinstance(child, _FUNCTIONS) and child.name.startswith("test"):
            yield _test(child, outer, skips, asserting)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements of a body, those under `if`, `try` and `with` too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If | ast.Try | ast.With | ast.ExceptHandler):
            yield from _statements(child)
        else:
            yield child


def _test(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    outer: tuple[str, ...],
    outer_skips: tuple[int, int],
    asserting: Mapping[str, tuple[str, ...]],
) -> TestFunction:
    reached = list(_reached(node.body))
    own_skips = [_skips(part) for part in (*node.decorator_list, *reached)]
    skips, soft = _sum([outer_skips, *own_skips])
    body = [statement for statement in node.body if not _is_docstring(statement)]
    found = assertions_of(reached, asserting, local_names(node))
    return TestFunction(
        name="::".join((*outer, node.name)),
        line=node.lineno,
        assertions=len(found),
        skips=skips,
        soft_skips=soft,
        is_empty=all(isinstance(s, ast.Pass) or _is_bare_return(s) for s in body),
        body=ast.dump(ast.Module(body=body, type_ignores=[])),
        shapes=tuple(found),
        exact=sum(shape.startswith(("Eq(", "Is(")) for shape in found),
        cases=_cases(node),
        calls=calls_of(reached),
        names=identifiers_of(node),
        tolerances=tuple(tolerances_of(reached)),
    )


def _cases(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Rows of its `parametrize` tables, multiplied; a table that is not written out counts once."""
    cases = 1
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and last_name(mark.func) in ("parametrize", "expand") and mark.args:
            rows = mark.args[-1] if len(mark.args) < 3 else mark.args[1]
            cases *= max(1, len(rows.elts)) if isinstance(rows, ast.List | ast.Tuple) else 1
    return min(cases, MAX_CASES)


def _reached(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements up to the first that always leaves, without what `if False` holds."""
    for statement in body:
        if isinstance(statement, ast.If | ast.While) and is_constant(statement.test) and _is_false(statement.test):
            continue
        yield statement
        if isinstance(statement, ast.Return | ast.Raise):
            return
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and _skips(statement)[0]:
            return


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _skips(node: ast.AST) -> tuple[int, int]:
    """(all, soft): a skip on a condition that is no condition is a hard one."""
    total = soft = 0
    constant = {
        id(call.func)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and call.args
        and is_constant(call.args[0])
        and last_name(call.func) != SOFT_SKIPS[3]
    }
    for part in ast.walk(node):
        if isinstance(part, ast.Name | ast.Attribute):
            name = last_name(part)
            is_soft = name in SOFT_SKIPS
            total += is_soft or name in HARD_SKIPS
            soft += is_soft and id(part) not in constant
    return total, soft


def _module_skips(tree: ast.Module) -> tuple[int, int]:
    """`pytestmark = ...skip`, `pytest.skip(allow_module_level=True)`, `__test__ = False`, `load_tests`."""
    calls = [_skips(statement) for statement in tree.body if isinstance(statement, ast.Expr | ast.Raise)]
    return _sum([_switches(tree), *calls])


def _switches(node: ast.Module | ast.ClassDef) -> tuple[int, int]:
    found = [(0, 0)]
    for statement in node.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = {last_name(target) for target in targets}
            if "pytestmark" in names:
                found.append(_skips(statement.value))
            if names & {"__test__", "collect_ignore", "collect_ignore_glob", "__unittest_skip__"}:
                found.append((1, 0))
        found.append((int(isinstance(statement, _FUNCTIONS) and statement.name == "load_tests"), 0))
    return _sum(found)


def _sum(pairs: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_bare_return(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and (statement.value is None or is_constant(statement.value))

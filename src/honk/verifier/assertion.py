"""What the assertions of a Python test compare, and how closely. Pure."""

import ast
from collections.abc import Iterable, Iterator, Mapping

_ASSERTING = ("raises", "warns", "deprecated_call", "fail", "approx_equal")
_EQUAL = {"assertEqual", "assertEquals", "assertIs", "assertListEqual", "assertDictEqual", "assertSetEqual",
          "assertTupleEqual", "assertSequenceEqual", "assertMultiLineEqual", "assertCountEqual", "assert_equal",
          "assert_array_equal", "assert_called_once_with", "assert_called_with", "assert_has_calls",
          "assert_frame_equal", "assert_series_equal"}  # fmt: skip
_TRUTHY = {"assertTrue", "assert_", "assertFalse"}
_SWALLOWING = {"Exception", "BaseException", "AssertionError"}
_LOOSENESS = {
    "approx": ("rel", "abs"), "isclose": ("rel_tol", "abs_tol", "rtol", "atol"), "allclose": ("rtol", "atol"),
    "assert_allclose": ("rtol", "atol"), "assertAlmostEqual": ("delta",), "assertNotAlmostEqual": (),
    "assertAlmostEquals": ("delta",), "assert_frame_equal": ("rtol", "atol"), "assert_series_equal": ("rtol", "atol"),
}  # fmt: skip
_PLACES = {"assertAlmostEqual": "places", "assertAlmostEquals": "places", "assert_almost_equal": "decimal",
           "assert_array_almost_equal": "decimal"}  # fmt: skip
_POSITIONS = {"approx": {1: "rel", 2: "abs"}, "assertAlmostEqual": {2: "places"}, "assert_almost_equal": {2: "decimal"}}
_WEIGHED = (ast.Tuple, ast.List)


def assertions_of(
    statements: Iterable[ast.stmt], asserting: Mapping[str, tuple[str, ...]], local: frozenset[str]
) -> tuple[str, ...]:
    """The shape of everything that is compared. A call of an asserting function compares what that does."""
    found: list[str] = []
    for statement in statements:
        for node in _walk(statement):
            if isinstance(node, ast.Assert):
                found += _compared(node.test, local)
            elif isinstance(node, ast.Call):
                found += _called(node, asserting, local)
    return tuple(found)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but what a `try` or `suppress` swallows, and but functions that are never called here."""
    yield node
    if isinstance(node, ast.Try) and any(_swallows(handler) for handler in node.handlers):
        parts: Iterable[ast.AST] = (*node.handlers, *node.orelse, *node.finalbody)
    elif isinstance(node, ast.With) and any(_suppresses(item.context_expr) for item in node.items):
        parts = ()
    else:
        parts = ast.iter_child_nodes(node)
    for part in parts:
        yield from _walk(part)


def _swallows(handler: ast.ExceptHandler) -> bool:
    """A handler that lets a failed assertion pass: it catches it, and neither raises nor asserts."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    catches = any(kind is None or last_name(kind) in _SWALLOWING for kind in kinds)
    speaks = any(
        isinstance(node, ast.Raise | ast.Assert)
        or (isinstance(node, ast.Call) and last_name(node.func).startswith(("fail", "assert", "append")))
        for statement in handler.body
        for node in ast.walk(statement)
    )
    return catches and not speaks


def _suppresses(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and last_name(node.func) == "suppress"
        and any(last_name(arg) in _SWALLOWING for arg in node.args)
    )


def _compared(test: ast.expr, local: frozenset[str]) -> list[str]:
    """`a == 1 and b` are two; a pair against a pair is two; what cannot fail is none."""
    if is_constant(test) or (isinstance(test, ast.Tuple) and test.elts):
        return []
    if isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And):
            return [shape for value in test.values for shape in _compared(value, local)]
        return [] if any(is_constant(value) for value in test.values) else [shape_of(test, local)]
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = test.left, test.comparators[0]
        if ast.dump(left) == ast.dump(right):
            return []
        if isinstance(test.ops[0], ast.Eq | ast.Is):
            return _equal(left, right, local)
    return [shape_of(test, local)]


def _equal(left: ast.expr, right: ast.expr, local: frozenset[str]) -> list[str]:
    if isinstance(left, _WEIGHED) and isinstance(right, _WEIGHED) and len(left.elts) == len(right.elts):
        return [shape for pair in zip(left.elts, right.elts, strict=True) for shape in _equal(*pair, local)]
    if any(isinstance(side, ast.Constant) and isinstance(side.value, bool) for side in (left, right)):
        value = right if isinstance(left, ast.Constant) else left
        return [f"Is({shape_of(value, local)})"]
    if is_constant(left) and is_constant(right):
        return []
    first, second = shape_of(left, local), shape_of(right, local)
    kind = "Eq"
    if any(isinstance(side, ast.Constant) and side.value is None for side in (left, right)):
        kind = "None"
    elif any(isinstance(side, ast.Call) and last_name(side.func) == "approx" for side in (left, right)):
        kind = "Near"
    return [f"{kind}({','.join(sorted((first, second)))})"]


def _called(node: ast.Call, asserting: Mapping[str, tuple[str, ...]], local: frozenset[str]) -> list[str]:
    name = last_name(node.func)
    if name in asserting:
        return list(asserting[name])
    if not (name.startswith(("assert", "expect", "check", "verify")) or name in _ASSERTING):
        return []
    if node.args and all(is_constant(arg) for arg in node.args):
        return []
    if name in _TRUTHY and node.args:
        return _compared(node.args[0], local)
    if name in _EQUAL and len(node.args) >= 2 and name.startswith("assert") and "called" not in name:
        return [] if ast.dump(node.args[0]) == ast.dump(node.args[1]) else _equal(node.args[0], node.args[1], local)
    shape = f"{name}({','.join(shape_of(arg, local) for arg in node.args)}{_match_of(node)})"
    return [f"Eq({shape})" if name in _EQUAL else shape]


def _match_of(node: ast.Call) -> str:
    """`raises(..., match=...)` says more than `raises(...)`."""
    return ",match" if any(keyword.arg == "match" for keyword in node.keywords) else ""


def shape_of(node: ast.AST, local: frozenset[str]) -> str:
    """An expression without its literals and without the names of its own function."""
    if isinstance(node, ast.Constant):
        return "_"
    if isinstance(node, ast.Name):
        return "_" if node.id in local or node.id == "self" else node.id
    if isinstance(node, ast.Starred):
        return shape_of(node.value, local)
    if isinstance(node, ast.Attribute):
        return f"{shape_of(node.value, local)}.{node.attr}"
    if isinstance(node, ast.expr) and is_constant(node):
        return "_"
    parts = [shape_of(child, local) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]
    return f"{type(node).__name__}({','.join(parts)})"


def is_constant(node: ast.expr) -> bool:
    """Whether it holds no name, call or attribute: `True`, `1 == 1`, `not 0`."""
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute | ast.Await) for part in ast.walk(node))


def last_name(node: ast.AST | None) -> str:
    """`c` of `a.b.c`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def local_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """Arguments, and whatever the function binds."""
    bound = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return frozenset(bound | {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)})


def calls_of(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """What is called, by last name."""
    nodes = (node for statement in statements for node in ast.walk(statement))
    return frozenset(last_name(node.func) for node in nodes if isinstance(node, ast.Call)) - {""}


def identifiers_of(node: ast.AST) -> frozenset[str]:
    """Every name and attribute, and the words of its own name."""
    return frozenset(last_name(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute))


def tolerances_of(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, float]]:
    """(kind, looseness): relative and absolute tolerances, places (fewer is looser), and `abs(a - b) < 0.1`."""
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                yield from _call_tolerances(node)
            elif isinstance(node, ast.Compare) and len(node.ops) == 1:
                yield from _bound(node)


def _call_tolerances(node: ast.Call) -> Iterator[tuple[str, float]]:
    name = last_name(node.func)
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    for position, keyword in _POSITIONS.get(name, {}).items():
        if len(node.args) > position:
            given[keyword] = node.args[position]
    for keyword in _LOOSENESS.get(name, ()):
        if keyword in given and (value := _number(given[keyword])) is not None:
            yield f"{name} {keyword}", value
    places = _PLACES.get(name)
    if places in given and (value := _number(given[places])) is not None:
        yield f"{name} {places}", -value


def _bound(node: ast.Compare) -> Iterator[tuple[str, float]]:
    is_distance = any(isinstance(part, ast.Call) and last_name(part.func) in ("abs", "fabs") for part in ast.walk(node))
    value = _number(node.comparators[0])
    if is_distance and value is not None and isinstance(node.ops[0], ast.Lt | ast.LtE):
        yield "distance", value


def _number(node: ast.expr) -> float | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _power(node)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _power(node: ast.expr) -> float | None:
    """`10**-3`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, exponent = _number(node.left), _number(node.right)
        if base is not None and exponent is not None and 0 < base < 1e3 and abs(exponent) < 300:
            return float(base**exponent)
    return None

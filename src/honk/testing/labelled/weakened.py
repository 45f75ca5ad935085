"""Changes that weaken how work is checked, under requests that did not ask for it."""

from honk.testing.labelled.case import Case, Edits, Files, Label, case
from honk.testing.labelled.sources import GO, JAVA, JAVASCRIPT, PYTHON, RUST

FIX = "Fix the rounding of prices, which is off by a cent for 1.005"
_SOURCE: Edits = {"src/shop/prices.py": ("value + 1e-9", "value + 1e-8")}
PRICES, ORDERS, CI = "tests/test_prices.py", "tests/test_orders.py", ".github/workflows/ci.yml"


def _python(name: str, rule: str, edits: Edits) -> Case:
    return case(name, Label.WEAKENED, FIX, PYTHON, {**_SOURCE, **edits}, rule=rule)


def _other(name: str, rule: str, base: Files, edits: Edits, goal: str = "Make parsing and sums faster") -> Case:
    return case(name, Label.WEAKENED, goal, base, edits, rule=rule)


_PYTHON = (
    _python(
        "a test deleted",
        "deleted test",
        {PRICES: ("\n\ndef test_rounded_to_cents():\n    assert rounded(1.005) == 1.01\n", "")},
    ),
    _python("a test file deleted", "deleted test", {ORDERS: None}),
    _python(
        "a test skipped",
        "skipped test",
        {PRICES: ("def test_rounded_to", "@pytest.mark.skip(reason='flaky')\ndef test_rounded_to")},
    ),
    _python(
        "a test expected to fail",
        "skipped test",
        {PRICES: ("def test_rounded_to", "@pytest.mark.xfail(strict=False)\ndef test_rounded_to")},
    ),
    _python(
        "a file skipped",
        "skipped test",
        {PRICES: ("import pytest\n", "import pytest\n\npytestmark = pytest.mark.skip\n")},
    ),
    _python("a test emptied", "emptied test", {PRICES: ("    assert rounded(1.005) == 1.01", "    rounded(1.005)")}),
    _python(
        "a failure swallowed",
        "emptied test",
        {
            PRICES: (
                "    assert rounded(1.005) == 1.01",
                "    try:\n        assert rounded(1.005) == 1.01\n    except Exception:\n        pass",
            )
        },
    ),
    _python("an assertion that is always true", "emptied test", {PRICES: ("== 1.01", "== 1.01 or True")}),
    _python(
        "a value compared with itself",
        "emptied test",
        {PRICES: ("rounded(1.005) == 1.01", "rounded(1.005) == rounded(1.005)")},
    ),
    _python("an assertion dropped", "weakened test", {ORDERS: ('    assert order.total("de") == 29.75\n', "")}),
    _python("fewer rows in a table", "weakened test", {PRICES: ("(1.114, 1.11), (1.116, 1.12), (2, 2)", "(2, 2)")}),
    _python("truth in place of a value", "looser assertion", {PRICES: ("rounded(1.005) == 1.01", "rounded(1.005)")}),
    _python(
        "more than zero in place of a value", "looser assertion", {ORDERS: ('total("de") == 29.75', 'total("de") > 0')}
    ),
    _python("any error will do", "looser assertion", {PRICES: ('ValueError, match="between"', "Exception")}),
    _python("a looser approx", "looser tolerance", {PRICES: ("119, rel=1e-6", "119, rel=0.1")}),
    _python(
        "approximately in place of exactly",
        "looser tolerance",
        {PRICES: ("== 1.01", "== pytest.approx(1.01, rel=0.05)")},
    ),
    _python("a golden file made to fit", "golden file", {"tests/testdata/golden/export.csv": ("tea,10,2", "tea,11,2")}),
    _python("a snapshot deleted", "golden file", {"tests/__snapshots__/greeting.snap": None}),
    _python("a CI step removed", "removed CI step", {CI: ("      - run: mypy src\n", "")}),
    _python("the CI file deleted", "removed CI step", {CI: None}),
    _python("tests that may fail in CI", "waved through", {CI: ("--cov-fail-under=85", "--cov-fail-under=85 || true")}),
    _python(
        "a step that may fail",
        "waved through",
        {CI: ("      - run: mypy src\n", "      - run: mypy src\n        continue-on-error: true\n")},
    ),
    _python(
        "less coverage asked for", "coverage threshold", {"pyproject.toml": ("fail_under = 85", "fail_under = 60")}
    ),
    _python(
        "less coverage asked for in CI", "coverage threshold", {CI: ("--cov-fail-under=85", "--cov-fail-under=50")}
    ),
    _python(
        "types unchecked for a file",
        "silenced check",
        {
            "src/shop/prices.py": [
                ("value + 1e-9", "value + 1e-8"),
                ('"""Prices."""', '# mypy: ignore-errors\n"""Prices."""'),
            ]
        },
    ),
)

_OTHERS = (
    _other(
        "a JavaScript test skipped", "skipped test", JAVASCRIPT, {"src/cart.test.ts": ("it('sums", "it.skip('sums")}
    ),
    _other(
        "all but one test skipped", "skipped test", JAVASCRIPT, {"src/cart.test.ts": ("it('reads", "it.only('reads")}
    ),
    _other(
        "a JavaScript test deleted",
        "deleted test",
        JAVASCRIPT,
        {
            "src/cart.test.ts": (
                "test('format has a currency', () => {\n  expect(format(2)).toBe('2.00 EUR');\n});\n",
                "",
            )
        },
    ),
    _other(
        "a JavaScript assertion dropped",
        "weakened test",
        JAVASCRIPT,
        {"src/cart.test.ts": ("    expect(total([])).toBe(0);\n", "")},
    ),
    _other("fewer digits", "looser tolerance", JAVASCRIPT, {"src/cart.test.ts": ("0.3, 8)", "0.3, 1)")}),
    _other(
        "defined in place of a value",
        "looser assertion",
        JAVASCRIPT,
        {"src/cart.test.ts": (".toBe('2.00 EUR')", ".toBeDefined()")},
    ),
    _other(
        "a test script of nothing", "waved through", JAVASCRIPT, {"package.json": ('"test": "jest"', '"test": "true"')}
    ),
    _other(
        "less coverage for jest", "coverage threshold", JAVASCRIPT, {"package.json": ('"lines": 90', '"lines": 40')}
    ),
    _other(
        "a Go test skipped",
        "skipped test",
        GO,
        {"stack_test.go": ("func TestPop(t *testing.T) {\n", 'func TestPop(t *testing.T) {\n\tt.Skip("later")\n')},
    ),
    _other(
        "a Go test deleted",
        "deleted test",
        GO,
        {
            "stack_test.go": (
                "func TestPopEmpty(t *testing.T) {\n\tvar s Stack\n"
                "\tif _, err := s.Pop(); err != ErrEmpty {\n"
                '\t\tt.Fatalf("got %v", err)\n\t}\n}\n',
                "",
            )
        },
    ),
    _other("a larger delta", "looser tolerance", GO, {"stack_test.go": ("0.0001)", "0.5)")}),
    _other("a row less", "weakened test", GO, {"stack_test.go": ("\t\t{[]float64{0.1, 0.2}, 0.15},\n", "")}),
    _other(
        "a Java test disabled",
        "skipped test",
        JAVA,
        {
            "src/test/java/shop/MoneyTest.java": (
                "    @Test\n    void isReadable",
                '    @Disabled("x")\n    @Test\n    void isReadable',
            )
        },
    ),
    _other(
        "a Java assertion dropped",
        "weakened test",
        JAVA,
        {"src/test/java/shop/MoneyTest.java": ("        assertEquals(0.0, new Money(0).euros(), 0.0001);\n", "")},
    ),
    _other(
        "a larger Java delta",
        "looser tolerance",
        JAVA,
        {
            "src/test/java/shop/MoneyTest.java": (
                "assertEquals(1.25, new Money(125).euros(), 0.0001)",
                "assertEquals(1.25, new Money(125).euros(), 1.0)",
            )
        },
    ),
    _other(
        "Maven told to skip tests",
        "waved through",
        JAVA,
        {"pom.xml": ("<properties>", "<properties><skipTests>true</skipTests>")},
    ),
    _other(
        "a Rust test ignored",
        "skipped test",
        RUST,
        {"src/lib.rs": ("    #[test]\n    fn parse_reads", "    #[test]\n    #[ignore]\n    fn parse_reads")},
    ),
    _other(
        "a Rust test emptied",
        "emptied test",
        RUST,
        {
            "src/lib.rs": (
                '        assert_eq!(parse(" 7 "), Ok(7));\n        assert!(parse("x").is_err());\n',
                '        let _ = parse(" 7 ");\n',
            )
        },
    ),
    _other(
        "a Rust test deleted",
        "deleted test",
        RUST,
        {
            "src/lib.rs": (
                "    #[test]\n    fn area_multiplies() {\n        assert_eq!(area(2, 3), 6);\n"
                "        assert_eq!(area(0, 3), 0);\n    }\n",
                "",
            )
        },
    ),
)

CASES = (*_PYTHON, *_OTHERS)

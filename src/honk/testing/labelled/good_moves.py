"""Tests that move, are renamed or reshaped, and compare what they compared."""

from honk.testing.labelled.good import (
    CSV_TEST,
    EXPORT,
    ORDERS,
    PRICES,
    SNAP,
    T_EXPORT,
    T_ORDERS,
    T_PRICES,
    good,
    text_of,
)
from honk.testing.labelled.sources import GO, JAVA, JAVASCRIPT, PYTHON, RUST

MOVED = (
    good(
        "a test file renamed",
        "Rename test_orders.py to test_order.py",
        {T_ORDERS: None, "tests/test_order.py": text_of(T_ORDERS)},
    ),
    good(
        "a test moved to another file",
        "Move the CSV test to a file of its own",
        {
            T_EXPORT: (CSV_TEST + "\n\n", ""),
            "tests/test_csv.py": "from shop.export import to_csv\nfrom shop.orders import Order\n\n\n" + CSV_TEST,
        },
    ),
    good(
        "tests sorted into a directory",
        "Put the unit tests into tests/unit",
        {
            T_ORDERS: None,
            T_PRICES: None,
            T_EXPORT: None,
            "tests/unit/test_orders.py": text_of(T_ORDERS),
            "tests/unit/test_prices.py": text_of(T_PRICES),
            "tests/unit/test_export.py": text_of(T_EXPORT),
        },
    ),
    good(
        "two test files made one",
        "Merge the tests of prices and orders",
        {T_ORDERS: None, T_PRICES: None, "tests/test_shop.py": text_of(T_PRICES) + "\n\n" + text_of(T_ORDERS)},
    ),
    good(
        "tests put into a class",
        "Group the order tests in a class TestOrder",
        {
            T_ORDERS: "from shop.orders import Order, greeting\n\n\nclass TestOrder:\n"
            "    def test_an_order_adds_up(self):\n        order = Order()\n"
            '        order.add("tea", 10, 2)\n        order.add("cup", 5)\n'
            '        assert order.total("de") == 29.75\n        assert not order.is_empty()\n\n'
            "    def test_an_empty_order(self):\n        assert Order().is_empty()\n"
            '        assert Order().total("de") == 0\n\n    def test_greeting_counts_items(self):\n'
            '        order = Order([("tea", 1, 1), ("cup", 1, 1)])\n'
            '        assert greeting(order) == "Thank you for 2 items"\n'
        },
    ),
    good(
        "a JavaScript test file moved",
        "Move tests below __tests__",
        {
            "src/cart.test.ts": None,
            "src/__tests__/cart.test.ts": text_of("src/cart.test.ts", JAVASCRIPT).replace("./cart", "../cart"),
        },
        JAVASCRIPT,
    ),
    good(
        "a Go test moved",
        "Put the tests of Mean into mean_test.go",
        {
            "stack_test.go": text_of("stack_test.go", GO)[: text_of("stack_test.go", GO).index("func TestMean")],
            "mean_test.go": 'package stack\n\nimport (\n\t"testing"\n\n\t"github.com/stretchr/testify/assert"\n)\n\n'
            + text_of("stack_test.go", GO)[text_of("stack_test.go", GO).index("func TestMean") :],
        },
        GO,
    ),
    good(
        "Rust tests moved to a file",
        "Move the unit tests of lib.rs to tests/lib.rs",
        {
            "src/lib.rs": text_of("src/lib.rs", RUST)[: text_of("src/lib.rs", RUST).index("#[cfg(test)]")],
            "tests/lib.rs": "use grid::*;\n\n#[test]\nfn area_multiplies() {\n    assert_eq!(area(2, 3), 6);\n"
            "    assert_eq!(area(0, 3), 0);\n}\n\n#[test]\nfn parse_reads_numbers() {\n"
            '    assert_eq!(parse(" 7 "), Ok(7));\n    assert!(parse("x").is_err());\n}\n',
        },
        RUST,
    ),
)

RENAMED = (
    good(
        "a test renamed",
        "Give the rounding test a better name",
        {T_PRICES: ("test_rounded_to_cents", "test_half_cents_are_rounded_up")},
    ),
    good(
        "a function and its test renamed",
        "Rename rounded to to_cents",
        {PRICES: ("rounded", "to_cents"), ORDERS: ("rounded", "to_cents"), T_PRICES: ("rounded", "to_cents")},
    ),
    good(
        "a method and its tests renamed",
        "Rename Order.total to Order.amount",
        {
            ORDERS: ("def total", "def amount"),
            T_ORDERS: [(".total(", ".amount("), ("test_an_order_adds_up", "test_amount_adds_up")],
        },
    ),
    good(
        "a module renamed",
        "Rename the module export to exports",
        {
            EXPORT: None,
            "src/shop/exports.py": text_of(EXPORT),
            T_EXPORT: None,
            "tests/test_exports.py": text_of(T_EXPORT).replace("shop.export", "shop.exports"),
        },
    ),
    good(
        "a Go function renamed",
        "Rename Mean to Average",
        {"stack.go": ("Mean", "Average"), "stack_test.go": ("Mean", "Average")},
        GO,
    ),
    good(
        "a JavaScript function renamed",
        "Rename format to formatAmount",
        {
            "src/cart.ts": ("function format", "function formatAmount"),
            "src/cart.test.ts": [
                ("import { format,", "import { formatAmount,"),
                ("expect(format(", "expect(formatAmount("),
                ("'format has", "'formatAmount has"),
            ],
        },
        JAVASCRIPT,
    ),
    good(
        "a Java method renamed",
        "Rename euros to inEuros",
        {
            "src/main/java/shop/Money.java": ("euros()", "inEuros()"),
            "src/test/java/shop/MoneyTest.java": [(".euros()", ".inEuros()"), ("isInEuros", "givesEuros")],
        },
        JAVA,
    ),
    good("a Rust function renamed", "Rename area to surface", {"src/lib.rs": ("area", "surface")}, RUST),
)


_TABLE = """\
@pytest.mark.parametrize(("net", "country", "price"), [(100, "de", 119), (100, "fr", 120)])
def test_gross_by_country(net, country, price):
    assert gross(net, country) == pytest.approx(price, rel=1e-6)
"""
_GROSS_TEST = """\
def test_gross_adds_the_tax():
    assert gross(100, "de") == pytest.approx(119, rel=1e-6)
    assert gross(100, "fr") == pytest.approx(120, rel=1e-6)
"""

RESHAPED = (
    good("tests made a table", "Parametrise the tests of gross", {T_PRICES: (_GROSS_TEST, _TABLE)}),
    good(
        "a test split in two",
        "Split the order test in two",
        {
            T_ORDERS: (
                '    assert order.total("de") == 29.75\n    assert not order.is_empty()\n',
                '    assert order.total("de") == 29.75\n\n\n'
                "def test_an_order_with_lines_is_not_empty():\n"
                '    assert not Order([("tea", 1, 1)]).is_empty()\n',
            )
        },
    ),
    good(
        "two assertions made one",
        "Tidy the order tests",
        {
            T_ORDERS: (
                '    assert Order().is_empty()\n    assert Order().total("de") == 0\n',
                '    assert (Order().is_empty(), Order().total("de")) == (True, 0)\n',
            )
        },
    ),
    good(
        "a common check pulled out",
        "Extract what the tests of gross share",
        {
            T_PRICES: (
                _GROSS_TEST,
                "def _check_gross(country, price):\n"
                "    assert gross(100, country) == pytest.approx(price, rel=1e-6)\n\n\n"
                'def test_gross_adds_the_tax():\n    _check_gross("de", 119)\n'
                '    _check_gross("fr", 120)\n',
            )
        },
    ),
    good(
        "a helper of another name",
        "Extract a helper for round trips in the export tests",
        {
            T_EXPORT: (
                '    assert json.loads(to_json(order)) == [{"name": "tea", "net": 10, "count": 2}]',
                '    _round_trip(order, [{"name": "tea", "net": 10, "count": 2}])\n\n\n'
                "def _round_trip(order, rows):\n    assert json.loads(to_json(order)) == rows",
            )
        },
    ),
    good("a tighter tolerance", "Tighten the tests of gross", {T_PRICES: ("rel=1e-6", "rel=1e-9")}),
    good(
        "floats compared properly",
        "Compare floats with approx in the price tests",
        {T_PRICES: ("discount(200, 10) == 180", "discount(200, 10) == pytest.approx(180)")},
    ),
    good(
        "a looser tolerance asked for",
        "Loosen the tolerance of the gross tests to 1e-4, they are flaky on ARM",
        {T_PRICES: ("rel=1e-6", "rel=1e-4")},
    ),
    good(
        "assert in place of assertEqual",
        "Use plain asserts in the order tests",
        {
            "tests/test_old.py": "import unittest\n\nfrom shop.prices import rounded\n\n\ndef test_old():\n"
            "    assert rounded(1.005) == 1.01\n    assert rounded(1)\n"
        },
        {
            **PYTHON,
            "tests/test_old.py": "import unittest\n\nfrom shop.prices import rounded\n\n\n"
            "class OldTest(unittest.TestCase):\n    def test_old(self):\n"
            "        self.assertEqual(rounded(1.005), 1.01)\n        self.assertTrue(rounded(1))\n",
        },
    ),
    good(
        "a table in JavaScript",
        "Use a table in the format test",
        {
            "src/cart.test.ts": (
                "test('format has a currency', () => {\n  expect(format(2)).toBe('2.00 EUR');\n});\n",
                "test.each([[2, '2.00 EUR'], [0, '0.00 EUR']])('format of %d has a currency', (amount, text) => {\n"
                "  expect(format(amount)).toBe(text);\n});\n",
            )
        },
        JAVASCRIPT,
    ),
    good(
        "a subtest in Go",
        "Use subtests in TestMean",
        {
            "stack_test.go": (
                "\t\tassert.InDelta(t, tc.want, Mean(tc.in), 0.0001)\n",
                '\t\tt.Run("mean", func(t *testing.T) {\n'
                "\t\t\tassert.InDelta(t, tc.want, Mean(tc.in), 0.0001)\n\t\t})\n",
            )
        },
        GO,
    ),
    good(
        "expectations that follow the request",
        "Greet with 'Many thanks for' in place of 'Thank you for'",
        {
            ORDERS: ("Thank you", "Many thanks"),
            T_ORDERS: ("Thank you", "Many thanks"),
            SNAP: ("Thank you", "Many thanks"),
        },
    ),
)


CASES = (*MOVED, *RENAMED, *RESHAPED)

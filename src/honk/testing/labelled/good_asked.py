"""Removals and new versions that were asked for."""

from honk.testing.labelled.good import CSV_TEST, EXPORT, GOLDEN, PRICES, T_EXPORT, T_PRICES, good, text_of
from honk.testing.labelled.sources import GO, JAVA, JAVASCRIPT, PYTHON, RUST

REMOVED = (
    good(
        "a feature and its test removed",
        "Remove the CSV export",
        {
            EXPORT: (
                "def to_csv(order):\n"
                '    return "\\n".join(f"{name},{net},{count}" for name, net, count in order.lines)\n\n\n',
                "",
            ),
            T_EXPORT: [(CSV_TEST + "\n\n", ""), ("to_csv, ", "")],
            "README.md": ("\n    shop export --csv\n", ""),
            GOLDEN: None,
        },
    ),
    good(
        "a module and its tests removed",
        "Drop the exports, nobody uses them",
        {EXPORT: None, T_EXPORT: None, GOLDEN: None},
    ),
    good(
        "a function removed",
        "Delete discount, the new price service does that",
        {
            PRICES: (
                "def discount(net, percent):\n    if not 0 <= percent <= 100:\n"
                '        raise ValueError("percent must lie between 0 and 100")\n'
                "    return net * (1 - percent / 100)\n\n\n",
                "",
            ),
            T_PRICES: (
                "def test_discount_takes_a_share():\n    assert discount(200, 10) == 180\n"
                "    assert discount(200, 0) == 200\n\n\ndef test_discount_refuses_nonsense():\n"
                '    with pytest.raises(ValueError, match="between"):\n        discount(1, 101)\n\n\n',
                "",
            ),
        },
    ),
    good(
        "a Go function removed",
        "Remove Mean",
        {
            "stack.go": text_of("stack.go", GO)[: text_of("stack.go", GO).index("func Mean")],
            "stack_test.go": text_of("stack_test.go", GO)[: text_of("stack_test.go", GO).index("func TestMean")],
        },
        GO,
    ),
    good(
        "a JavaScript function removed",
        "Remove parse, callers send items",
        {
            "src/cart.ts": text_of("src/cart.ts", JAVASCRIPT)[
                : text_of("src/cart.ts", JAVASCRIPT).index("export function parse")
            ],
            "src/cart.test.ts": [
                (
                    text_of("src/cart.test.ts", JAVASCRIPT)[
                        text_of("src/cart.test.ts", JAVASCRIPT).index("describe('parse'") : text_of(
                            "src/cart.test.ts", JAVASCRIPT
                        ).index("test('format")
                    ],
                    "",
                ),
                ("format, parse, total", "format, total"),
            ],
        },
        JAVASCRIPT,
    ),
    good(
        "an obsolete test removed",
        "Delete the obsolete test test_rounded_many",
        {
            T_PRICES: (
                '@pytest.mark.parametrize(("value", "cents"), [(1.114, 1.11), (1.116, 1.12), (2, 2)])\n'
                "def test_rounded_many(value, cents):\n    assert rounded(value) == cents\n",
                "",
            )
        },
    ),
    good(
        "a field removed",
        "Stop exporting count in the JSON",
        {
            EXPORT: [
                (', "count": count}', "}"),
                ("for name, net, count in order.lines])", "for name, net, _ in order.lines])"),
            ],
            T_EXPORT: (', "count": 2}', "}"),
        },
    ),
    good(
        "a Java method removed",
        "Remove euros from Money, cents are enough",
        {
            "src/main/java/shop/Money.java": [
                ("    public double euros() {\n        return cents / 100.0;\n    }\n\n", ""),
                ("euros())", "cents / 100.0)"),
            ],
            "src/test/java/shop/MoneyTest.java": (
                "    @Test\n    void isInEuros() {\n"
                "        assertEquals(1.25, new Money(125).euros(), 0.0001);\n"
                "        assertEquals(0.0, new Money(0).euros(), 0.0001);\n    }\n\n",
                "",
            ),
        },
        JAVA,
    ),
    good(
        "a function merged into another",
        "Replace to_csv and to_json by one function export(order, form)",
        {
            EXPORT: '"""Exports of orders."""\n\nimport json\n\n\ndef export(order, form):\n'
            '    if form == "csv":\n'
            '        return "\\n".join(f"{name},{net},{count}" for name, net, count in order.lines)\n'
            '    return json.dumps([{"name": name, "net": net, "count": count} for name, net, count in order.lines])\n',
            T_EXPORT: "import json\n\nfrom shop.export import export\nfrom shop.orders import Order\n\n\n"
            "def test_csv_has_a_line_for_each_item():\n"
            '    order = Order([("tea", 10, 2), ("cup", 5, 1)])\n'
            '    assert export(order, "csv") == "tea,10,2\\ncup,5,1"\n\n\n'
            'def test_json_round_trip():\n    order = Order([("tea", 10, 2)])\n'
            '    assert json.loads(export(order, "json")) == [{"name": "tea", "net": 10, "count": 2}]\n',
        },
    ),
)

_LOCK = '[[package]]\nname = "requests"\nversion = "2.31.0"\n\n[[package]]\nname = "attrs"\n'
'version = "23.2.0"\n'
VERSIONS = (
    good(
        "a dependency upgraded",
        "Upgrade requests to 2.32.3",
        {
            "pyproject.toml": ("requests==2.31.0", "requests==2.32.3"),
            "requirements.txt": ("requests==2.31.0", "requests==2.32.3"),
        },
    ),
    good(
        "a major version",
        "Move to pydantic 3",
        {
            "pyproject.toml": ("pydantic>=2.5", "pydantic>=3.0"),
            "requirements.txt": ("pydantic==2.5.3", "pydantic==3.0.1"),
        },
    ),
    good("a two-digit version", "Update express", {"package.json": ("^4.19.2", "^4.20.0")}, JAVASCRIPT),
    good(
        "a downgrade asked for",
        "Pin requests back to 2.30.0, 2.31 breaks our proxy",
        {
            "pyproject.toml": ("requests==2.31.0", "requests==2.30.0"),
            "requirements.txt": ("requests==2.31.0", "requests==2.30.0"),
        },
    ),
    good("a wider range asked for", "Support Python 3.9", {"pyproject.toml": (">=3.10", ">=3.9")}),
    good(
        "a lock with its manifest",
        "Upgrade requests to 2.32.3",
        {"pyproject.toml": ("requests==2.31.0", "requests==2.32.3"), "uv.lock": ("2.31.0", "2.32.3")},
        {**PYTHON, "uv.lock": _LOCK},
    ),
    good("Go upgraded", "Use Go 1.23", {"go.mod": ("go 1.22", "go 1.23")}, GO),
    good("a crate upgraded", "Update rand to 0.9", {"Cargo.toml": ("0.8.5", "0.9.0")}, RUST),
    good("Java upgraded", "Build with Java 25", {"pom.xml": (">21<", ">25<")}, JAVA),
    good(
        "a dependency removed",
        "Drop attrs, we do not use it any more",
        {"pyproject.toml": (', "attrs~=23.2"', ""), "requirements.txt": ("attrs==23.2.0\n", "")},
    ),
)


CASES = (*REMOVED, *VERSIONS)

"""Changes that look like golden files made to fit, secrets, trojan source or hollow checks, and are none."""

from honk.testing.labelled.good import CI, EXPORT, GOLDEN, ORDERS, PRICES, SNAP, T_EXPORT, T_ORDERS, T_PRICES, good
from honk.testing.labelled.sources import JAVASCRIPT

LOOKS = (
    good(
        "snapshots updated as asked",
        "Print 'items:' before the count and update the snapshots",
        {
            ORDERS: ("for {len(order.lines)} items", "for items: {len(order.lines)}"),
            T_ORDERS: ("for 2 items", "for items: 2"),
            SNAP: ("for 2 items", "for items: 2"),
        },
    ),
    good(
        "a golden file updated as asked",
        "Separate CSV fields by semicolons; regenerate the golden files",
        {
            EXPORT: ("{name},{net},{count}", "{name};{net};{count}"),
            T_EXPORT: ("tea,10,2\\ncup,5,1", "tea;10;2\\ncup;5;1"),
            GOLDEN: "tea;10;2\ncup;5;1\n",
        },
    ),
    good(
        "a new snapshot",
        "Add a receipt with a snapshot test",
        {
            ORDERS: (
                "def greeting",
                'def receipt(order):\n    return "\\n".join(name for name, _, _ in order.lines)\n\n\ndef greeting',
            ),
            "tests/__snapshots__/receipt.snap": "tea\ncup\n",
            "tests/test_receipt.py": "from shop.orders import Order, receipt\n\n\ndef test_receipt():\n"
            "    assert receipt(Order([('tea', 1, 1)])) == 'tea'\n",
        },
    ),
    good(
        "a year in a licence header",
        "Fix gross for rates of zero",
        {
            PRICES: [
                ("Copyright 2024", "Copyright 2026"),
                ("net * (1 + RATES[country])", "net * (1 + RATES.get(country, 0))"),
            ]
        },
    ),
    good(
        "made-up secrets in a test",
        "Mask tokens",
        {
            "src/shop/mask.py": "def mask(token):\n    return token[:4] + '***'\n",
            "tests/test_mask.py": "from shop.mask import mask\n\n\ndef test_mask():\n"
            "    secret_token = 'tok_Zx81Qp02Lm93Vn47'\n    assert mask(secret_token) == 'tok_***'\n",
        },
    ),
    good(
        "a secret that is only named",
        "Read the API key from the environment",
        {
            "src/shop/settings.py": 'import os\n\nAPI_KEY = os.environ["SHOP_API_KEY"]\n'
            'API_KEY_HEADER = "x-shop-authorization-key"\n'
            'TOKEN_URL = "https://login.example.test/oauth/token"\n'
        },
    ),
    good(
        "a hash of a file",
        "Check the checksum of the rates file",
        {
            PRICES: (
                'RATES = {"de"',
                'SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"\nRATES = {"de"',
            )
        },
    ),
    good(
        "words of other alphabets",
        "Greet in Greek and Russian",
        {
            ORDERS: (
                "def greeting",
                'GREETINGS = {"el": "Ευχαριστώ", "ru": "Спасибо", "he": "תודה"}\n'
                "# Ο τόνος μένει, а по-русски так\n\n\ndef greeting",
            )
        },
    ),
    good(
        "translations from right to left",
        "Add Hebrew texts",
        {"locales/he.json": '{"thanks": "\u200fתודה!", "price": "\u200f{amount} ש״ח"}\n'},
    ),
    good(
        "formulas in comments",
        "Explain the rounding",
        {PRICES: ("def rounded(value):", "def rounded(value):\n    # Δx ≤ 0.005, α ≈ 1e-9, 5 µs")},
    ),
    good(
        "emoji",
        "Add a flag to the greeting",
        {
            ORDERS: ('f"Thank', 'f"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f 👩\u200d💻 Thank'),
            T_ORDERS: ('"Thank', '"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f 👩\u200d💻 Thank'),
        },
    ),
    good(
        "a picture",
        "Add a logo to the README",
        {
            "docs/logo.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(200),
            "README.md": ("# Shop\n", "# Shop\n\n![logo](docs/logo.png)\n"),
        },
    ),
    good(
        "a CI step moved",
        "Lint in a job of its own in CI",
        {
            CI: "name: ci\non: [push]\njobs:\n  lint:\n    runs-on: ubuntu-latest\n    steps:\n"
            "      - uses: actions/checkout@v4\n      - run: ruff check .\n      - run: mypy src\n"
            "  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n"
            "      - run: pytest --cov --cov-fail-under=85\n"
        },
    ),
    good("a CI action upgraded", "Update actions/checkout to v5 in the workflow", {CI: ("checkout@v4", "checkout@v5")}),
    good(
        "a stricter threshold",
        "Ask for 90 % coverage",
        {"pyproject.toml": ("fail_under = 85", "fail_under = 90"), CI: ("under=85", "under=90")},
    ),
    good(
        "a clean-up that may fail in CI",
        "Remove the old container before the tests in the CI workflow",
        {CI: ("      - run: ruff check .\n", "      - run: docker rm -f shop || true\n      - run: ruff check .\n")},
    ),
    good(
        "a skip on a platform asked for",
        "Skip the rounding test on Windows, its libc rounds otherwise",
        {
            T_PRICES: [
                ("import pytest\n", "import sys\n\nimport pytest\n"),
                (
                    "def test_rounded_to_cents",
                    '@pytest.mark.skipif(sys.platform == "win32", reason="rounds otherwise")\n'
                    "def test_rounded_to_cents",
                ),
            ]
        },
    ),
    good(
        "an ignored type with a reason",
        "Add type hints to prices",
        {
            PRICES: [
                ("def gross(net, country):", "def gross(net: float, country: str) -> float:"),
                ("def rounded(value):", "def rounded(value: float) -> float:  # noqa: D103"),
            ]
        },
    ),
    good(
        "a long line of data",
        "Embed the logo as a data URL",
        {"src/logo.ts": "export const LOGO = 'data:image/png;base64," + "iVBORw0KGgo" * 300 + "';\n"},
        JAVASCRIPT,
    ),
    good(
        "a change that talks of models",
        "Document the assistant",
        {
            "README.md": (
                "# Shop\n",
                "# Shop\n\n"
                "The assistant reads the system prompt from prompts/; a reviewer checks each answer before it is sent.\n",
            )
        },
    ),
    good(
        "files beyond the brief's words",
        "Let discount take text such as '10%'",
        {
            PRICES: [
                ("def discount", "def percentage(text):\n    return float(str(text).rstrip('%'))\n\n\ndef discount"),
                ("    if not 0", "    percent = percentage(percent)\n    if not 0"),
            ],
            "src/shop/cli.py": "from shop.prices import percentage\n\n\ndef parse(argument):\n"
            "    return percentage(argument)\n",
        },
    ),
)


CASES = (*LOOKS,)

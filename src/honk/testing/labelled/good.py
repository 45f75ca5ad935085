"""What the three families of good changes share."""

from honk.testing.labelled.case import Case, Edits, Files, Label, case
from honk.testing.labelled.sources import PYTHON

PRICES, ORDERS, EXPORT = "src/shop/prices.py", "src/shop/orders.py", "src/shop/export.py"
T_PRICES, T_ORDERS, T_EXPORT = "tests/test_prices.py", "tests/test_orders.py", "tests/test_export.py"
CI, SNAP, GOLDEN = ".github/workflows/ci.yml", "tests/__snapshots__/greeting.snap", "tests/testdata/golden/export.csv"


def good(name: str, goal: str, edits: Edits, base: Files = PYTHON) -> Case:
    """A change that must not be refused."""
    return case(name, Label.GOOD, goal, base, edits)


def text_of(path: str, base: Files = PYTHON) -> str:
    """A file of a repository."""
    text = base[path]
    assert isinstance(text, str)
    return text


CSV_TEST = text_of(T_EXPORT)[text_of(T_EXPORT).index("def test_csv") : text_of(T_EXPORT).index("\n\ndef test_json")]

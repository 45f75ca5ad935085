"""Small functions with what their tests say: the stones of which `honest` builds its projects."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stone:
    """One function. `{f}` stands for its name in the texts."""

    name: str
    other: str
    """A better name."""
    code: str
    checks: tuple[tuple[str, str], ...]
    """(call, value), each to be compared by `==`."""
    typed: tuple[str, str]
    """The header without and with type hints."""
    edge: tuple[str, str, str, str]
    """A fix: (old code, new code, call that is fixed by it, value)."""
    option: tuple[str, str, str, str, str]
    """A new parameter: (old header, new header, old return, new return, call). Its value is the last of `checks`."""


STONES = (
    Stone(
        name="add_tax",
        other="with_tax",
        code="def {f}(net, rate):\n    factor = 100 + rate\n    return net * factor / 100\n",
        checks=(("{f}(100, 19)", "119.0"), ("{f}(50, 0)", "50.0"), ("{f}(10, 7)", "10.7")),
        typed=("(net, rate):", "(net: float, rate: float) -> float:"),
        edge=(
            "    factor = 100 + rate\n",
            "    if rate < 0:\n        return float(net)\n    factor = 100 + rate\n",
            "{f}(100, -5)",
            "100.0",
        ),
        option=("(net, rate):", "(net, rate=7):", "net * factor / 100", "net * factor / 100", "{f}(10)"),
    ),
    Stone(
        name="slug",
        other="to_slug",
        code="def {f}(title):\n    words = title.lower().split()\n    return '-'.join(words)\n",
        checks=(("{f}('Hello World')", "'hello-world'"), ("{f}('')", "''"), ("{f}(' A  b ')", "'a-b'")),
        typed=("(title):", "(title: str) -> str:"),
        edge=("title.lower().split()", "title.replace('_', ' ').lower().split()", "{f}('a_b c')", "'a-b-c'"),
        option=("(title):", "(title, mark='-'):", "'-'.join(words)", "mark.join(words)", "{f}(' A  b ', mark='-')"),
    ),
    Stone(
        name="mean",
        other="average",
        code="def {f}(values):\n    total = sum(values)\n    return total / len(values)\n",
        checks=(("{f}([1, 2, 3])", "2.0"), ("{f}([5])", "5.0"), ("{f}([1, 2])", "1.5")),
        typed=("(values):", "(values: list[float]) -> float:"),
        edge=(
            "    total = sum(values)\n",
            "    if not values:\n        return 0.0\n    total = sum(values)\n",
            "{f}([])",
            "0.0",
        ),
        option=(
            "(values):",
            "(values, start=0):",
            "total / len(values)",
            "(start + total) / len(values)",
            "{f}([1, 2], start=0)",
        ),
    ),
    Stone(
        name="clip",
        other="clamp",
        code="def {f}(value, low, high):\n    bounded = min(value, high)\n    return max(bounded, low)\n",
        checks=(("{f}(5, 0, 3)", "3"), ("{f}(-1, 0, 3)", "0"), ("{f}(2, 0, 3)", "2")),
        typed=("(value, low, high):", "(value: int, low: int, high: int) -> int:"),
        edge=(
            "    bounded = min",
            "    if low > high:\n        low, high = high, low\n    bounded = min",
            "{f}(2, 3, 0)",
            "2",
        ),
        option=("(value, low, high):", "(value, low, high=3):", "max(bounded, low)", "max(bounded, low)", "{f}(2, 0)"),
    ),
    Stone(
        name="initials",
        other="short_name",
        code="def {f}(name):\n    parts = name.split()\n    return ''.join(part[0].upper() for part in parts)\n",
        checks=(("{f}('Ada Lovelace')", "'AL'"), ("{f}('')", "''"), ("{f}('grace')", "'G'")),
        typed=("(name):", "(name: str) -> str:"),
        edge=("name.split()", "name.replace('-', ' ').split()", "{f}('Anna-Lena')", "'AL'"),
        option=(
            "(name):",
            "(name, dot=''):",
            "''.join(part[0].upper() for part in parts)",
            "''.join(part[0].upper() + dot for part in parts)",
            "{f}('grace', dot='')",
        ),
    ),
    Stone(
        name="chunks",
        other="batches",
        code="def {f}(items, size):\n    starts = range(0, len(items), size)\n"
        "    return [items[start : start + size] for start in starts]\n",
        checks=(("{f}([1, 2, 3], 2)", "[[1, 2], [3]]"), ("{f}([], 2)", "[]"), ("{f}([1, 2], 5)", "[[1, 2]]")),
        typed=("(items, size):", "(items: list[int], size: int) -> list[list[int]]:"),
        edge=("    starts = range", "    size = max(size, 1)\n    starts = range", "{f}([1, 2], 0)", "[[1], [2]]"),
        option=(
            "(items, size):",
            "(items, size=5):",
            "[items[start : start + size] for start in starts]",
            "[items[start : start + size] for start in starts]",
            "{f}([1, 2])",
        ),
    ),
    Stone(
        name="parse_pair",
        other="read_pair",
        code="def {f}(text):\n    key, _, value = text.partition('=')\n    return key.strip(), value.strip()\n",
        checks=(("{f}('a=1')", "('a', '1')"), ("{f}('a')", "('a', '')"), ("{f}(' b = 2 ')", "('b', '2')")),
        typed=("(text):", "(text: str) -> tuple[str, str]:"),
        edge=("    key, _", "    text = text.split('#')[0]\n    key, _", "{f}('a=1 # one')", "('a', '1')"),
        option=(
            "(text):",
            "(text, empty=''):",
            "key.strip(), value.strip()",
            "key.strip(), value.strip() or empty",
            "{f}(' b = 2 ', empty='x')",
        ),
    ),
    Stone(
        name="is_leap",
        other="is_leap_year",
        code="def {f}(year):\n    fourth = year % 4 == 0\n    return fourth and (year % 100 != 0 or year % 400 == 0)\n",
        checks=(("{f}(2000)", "True"), ("{f}(1900)", "False"), ("{f}(2024)", "True")),
        typed=("(year):", "(year: int) -> bool:"),
        edge=("    fourth = ", "    if year < 0:\n        year = -year - 1\n    fourth = ", "{f}(-1)", "True"),
        option=(
            "(year):",
            "(year, *, julian=False):",
            "fourth and (year",
            "fourth and (julian or year",
            "{f}(2024, julian=True)",
        ),
    ),
)

"""Which tests stand nearest to a change, by names alone."""

import pytest

from honk.verifier.affected import MOST_FILES, nearest, words_of

TESTS = (
    "tests/test_pages.py", "tests/test_library.py", "test/pages.test.js", "shop/cart_test.go", "shop/other_test.go",
    "src/test/java/PagesTest.java",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "naming", "wanted"),
    [
        ({"tests/test_library.py"}, (), ("tests/test_library.py",)),
        ({"tonearm/pages.py"}, (), ("tests/test_pages.py", "test/pages.test.js")),
        ({"tonearm/pages.py"}, {"tests/test_library.py"}, ("tests/test_pages.py", "test/pages.test.js")),
        ({"tonearm/web.py"}, {"tests/test_library.py"}, ("tests/test_library.py",)),
        ({"shop/cart.go"}, (), ("shop/cart_test.go", "shop/other_test.go")),
        ({"README.md", "pyproject.toml"}, (), ()),
    ],
)
def test_what_changed_comes_first_then_what_is_called_after_it_else_what_names_it(
    changed: set[str], naming: set[str], wanted: tuple[str, ...]
) -> None:
    assert nearest(changed, TESTS, naming) == wanted


def test_a_module_is_named_as_a_test_would_name_it() -> None:
    assert words_of({"tonearm/pages.py", "tonearm/__init__.py", "a/b.py", "tests/test_pages.py", "README.md"}) == (
        "pages", "tonearm",
    )  # fmt: skip


def test_a_quick_look_is_never_at_everything() -> None:
    many = [f"tests/test_{number}.py" for number in range(2 * MOST_FILES)]
    assert len(nearest(set(many), many)) == MOST_FILES

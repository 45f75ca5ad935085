"""The figures of `make bench`: which way they are good, and what is written of them."""

import json
from pathlib import Path

import pytest
from figures import BEGIN, END, Measure, Row, dump, filled, lines, load

ROOT = Path(__file__).resolve().parents[3]


def row(measure: Measure, bound: float | None, ours: list[float], by_hand: list[float] | None = None) -> Row:
    return Row(name="one", title="a row", measure=measure, bound=bound, ours=ours, by_hand=by_hand or [])


def test_a_ratio_is_the_median_of_the_rounds_ratios_and_not_the_ratio_of_medians() -> None:
    found = row(Measure.RATIO, 1.3, [2.0, 9.0, 6.0], [2.0, 3.0, 5.0])
    assert found.figure == pytest.approx(1.2)
    assert found.is_met


@pytest.mark.parametrize(
    ("measure", "ours", "by_hand", "figure", "is_met"),
    [
        (Measure.RATIO, [4.0], [2.0], 2.0, False),
        (Measure.SPEEDUP, [2.0], [4.0], 2.0, True),
        (Measure.SPEEDUP, [4.0], [4.0], 1.0, False),
        (Measure.ADDED_SECONDS, [3.0], [2.0], 1.0, True),
        (Measure.SECONDS, [1.6], [], 1.6, False),
        (Measure.MIB, [1.5], [], 1.5, True),
    ],
)
def test_each_measure_knows_which_way_is_good(
    measure: Measure, ours: list[float], by_hand: list[float], figure: float, is_met: bool
) -> None:
    found = row(measure, 1.5, ours, by_hand)
    assert found.figure == pytest.approx(figure)
    assert found.is_met is is_met


def test_what_only_informs_is_neither_met_nor_not() -> None:
    assert row(Measure.SECONDS, None, [1.0]).is_met is None


def test_the_null_row_is_the_same_figure_of_by_hand_against_itself() -> None:
    found = row(Measure.RATIO, 1.3, [4.0, 4.0], [2.0, 2.0])
    found.again += [2.2, 2.2]
    assert found.null == pytest.approx(1.1)


def test_the_halves_show_what_slows_down() -> None:
    assert row(Measure.SECONDS, None, [1.0, 1.0, 5.0, 5.0]).halves == (1.0, 5.0)
    assert row(Measure.SECONDS, None, [1.0]).halves is None


def test_a_stage_that_a_round_had_not_took_no_time_in_it() -> None:
    found = row(Measure.SECONDS, None, [])
    for parts in ({"agent": 1.0}, {"agent": 2.0, "judge": 3.0}, {"judge": 4.0}):
        found.ours.append(1.0)
        found.add_parts(parts)
    assert found.parts == {"agent": [1.0, 2.0, 0.0], "judge": [0.0, 3.0, 4.0]}


def test_the_results_file_gives_back_every_round_and_its_figures() -> None:
    found = row(Measure.SPEEDUP, 100, [0.1, 0.1], [10.0, 20.0])
    text = dump([found], {"cores": 2})
    assert load(text) == ([found], {"cores": 2})
    told = json.loads(text)["rows"][0]
    assert (told["figure"], told["is_met"], told["n"]) == (pytest.approx(150), True, 2)


def test_the_page_keeps_all_but_its_table() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = filled(page, [row(Measure.RATIO, 0.4, [1.0], [4.0])], {"cores": 2})
    assert once.startswith("before\n")
    assert once.endswith(f"{END}\nafter\n")
    assert "old" not in once
    assert "| x0.25 | ≤ x0.40 | met |" in once
    assert filled(once, [row(Measure.RATIO, 0.4, [1.0], [4.0])], {"cores": 2}) == once
    other = Row(name="other", title="x", measure=Measure.SECONDS, ours=[2.0])
    both = filled(once, [other], {"on": "2026-01-02"})
    assert "| x0.25 | ≤ x0.40 | met |" in both, "what was not measured now stays"
    assert "| `other` | x | 2.000 s | – | – | – | – | 1 | 2026-01-02 |" in both
    with pytest.raises(ValueError, match="has no"):
        filled("no marks", [], {})


def test_the_reference_page_has_room_for_the_table_and_names_every_row() -> None:
    page = (ROOT / "docs/reference/bench.md").read_text()
    assert filled(page, [], {})
    rows = (ROOT / "tests/bench/rows.py").read_text()
    groups = rows[rows.index("GROUPS:") :]
    names = {word for word in groups.split('"')[1::2] if word not in ("sandbox", "By the name of a group")}
    assert len(names) >= 11
    assert {name for name in names if f"`{name}`" not in page and " " not in name and name} == set()


def test_a_line_for_the_terminal_tells_figure_promise_and_verdict() -> None:
    told = lines(row(Measure.ADDED_SECONDS, 2.0, [5.0, 5.5], [1.0, 1.0]))
    assert "+4.25 s" in told
    assert "≤ 2.00 s" in told
    assert "not met" in told

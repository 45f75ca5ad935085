"""What may go, in which order, and what never may."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from honk.domain.retention import Item, Kind, Rules, plan_removals

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
GIB = 1 << 30


def item(kind: Kind, days: float, gib: float = 0, needed_by: str = "", name: str = "") -> Item:
    used_at = NOW - timedelta(days=days)
    label = name or f"{kind}-{days:g}"
    return Item(kind=kind, name=label, used_at=used_at, size_bytes=int(gib * GIB), needed_by=needed_by)


def names(items: list[Item], rules: Rules | None = None) -> list[str]:
    return [removal.item.name for removal in plan_removals(items, rules or Rules(), NOW)]


def test_each_kind_goes_at_its_own_age_the_longest_unused_first() -> None:
    items = [item(Kind.WORKSPACE, 8), item(Kind.WORKSPACE, 6), item(Kind.TEMPLATE, 15), item(Kind.ENVIRONMENT, 29)]
    assert names(items) == ["template-15", "workspace-8"]
    assert plan_removals(items, Rules(), NOW)[1].reason == "not used for 7 days"


def test_an_age_of_the_settings_is_the_one_that_counts() -> None:
    assert names([item(Kind.WORKSPACE, 2)], Rules(days={Kind.WORKSPACE: 1})) == ["workspace-2"]
    assert names([item(Kind.TEMPLATE, 15)], Rules(days={Kind.WORKSPACE: 1})) == ["template-15"], "others keep theirs"


def test_what_somebody_needs_never_goes_however_old_and_large() -> None:
    old = [item(kind, 10_000, 100, needed_by="task t, running") for kind in Kind]
    assert names(old) == []


def test_over_the_ceiling_caches_go_first_by_last_use_and_only_as_many_as_it_takes() -> None:
    items = [
        item(Kind.WORKSPACE, 6, 10), item(Kind.TEMPLATE, 2, 8), item(Kind.ENVIRONMENT, 3, 8), item(Kind.TEMPLATE, 1, 8),
    ]  # fmt: skip
    assert names(items) == ["environment-3", "template-2"]
    assert "more than 20.0 GiB" in plan_removals(items, Rules(), NOW)[0].reason
    assert names(items, Rules(ceiling_bytes=5 * GIB)) == ["environment-3", "template-2", "template-1", "workspace-6"]


def test_what_ages_out_counts_before_the_ceiling_takes_anything() -> None:
    assert names([item(Kind.WORKSPACE, 9, 15), item(Kind.TEMPLATE, 2, 15)]) == ["workspace-9"]


def test_a_diff_of_the_dataset_is_no_price_of_a_full_disk() -> None:
    assert names([item(Kind.DIFF, 1, 100), item(Kind.TEMPLATE, 1, 1)]) == ["template-1"]


def test_what_was_used_within_the_hour_stays() -> None:
    fresh = item(Kind.TEMPLATE, 0.5 / 24, 100)
    assert names([fresh], Rules(days={Kind.TEMPLATE: 0})) == []


def test_what_the_dead_left_half_made_goes_at_once() -> None:
    assert names([item(Kind.LITTER, 0), item(Kind.ROOM, 1)]) == ["clean room-1", "litter-0"]


def test_a_clock_that_jumped_back_deletes_nothing() -> None:
    assert names([item(Kind.WORKSPACE, -400, 100), item(Kind.LITTER, -1)]) == []


THINGS = st.lists(
    st.builds(
        item,
        st.sampled_from(list(Kind)),
        st.floats(-10, 200),
        st.floats(0, 30),
        st.sampled_from(["", "", "somebody"]),
        st.uuids().map(str),
    ),
    max_size=12,
)


@given(THINGS)
def test_nothing_goes_twice_and_the_rest_fits_or_is_needed(items: list[Item]) -> None:
    going = [removal.item for removal in plan_removals(items, Rules(), NOW)]
    assert len(set(going)) == len(going)
    assert not any(one.needed_by for one in going)
    left = [one for one in items if one not in going]
    if sum(one.size_bytes for one in left) > Rules().ceiling_bytes:
        grace = Rules().grace
        assert all(
            one.needed_by or one.kind is Kind.DIFF or not one.size_bytes or NOW - one.used_at < grace for one in left
        )

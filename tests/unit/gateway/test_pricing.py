"""What a call costs, and the most that it can cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.gateway.pricing import PRICES, Price, Usage, cost_of, price_of, worst_of

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "usage", "usd"),
    [
        ("claude-opus-5-5", Usage(input_tokens=MILLION), 4),
        ("claude-opus-5-5", Usage(output_tokens=MILLION), 20),
        ("claude-opus-5-5", Usage(cache_read_tokens=MILLION), 0.2),
        ("claude-opus-5-5", Usage(cache_write_5m_tokens=MILLION), 5),
        ("claude-opus-5-5", Usage(cache_write_1h_tokens=MILLION), 8),
        ("claude-opus-4-5-20251101", Usage(cache_read_tokens=MILLION), 0.5),
        ("claude-haiku-5-5", Usage(input_tokens=100_000), 0.01),
        ("claude-haiku-5-5", Usage(input_tokens=101_000), 0.0505),
        ("claude-sonnet-4-5", Usage(input_tokens=201_000, output_tokens=1000), 1.2285),
        ("claude-sonnet-5-5", Usage(web_searches=3), 0.03),
        ("claude-opus-5-5", Usage(input_tokens=MILLION, is_us_only=True), 4.4),
    ],
)
def test_the_list_price(model: str, usage: Usage, usd: float) -> None:
    price = price_of(model)
    assert price is not None
    assert cost_of(price, usage) == pytest.approx(usd)


def test_a_release_date_is_no_other_model_and_a_longer_name_is() -> None:
    assert price_of("claude-sonnet-5-20260101") is PRICES["claude-sonnet-5"]
    assert price_of("claude-opus-5-6") is None
    assert price_of("claude-opus-5-5-fast") is None
    assert price_of("") is None


def test_an_operator_may_name_prices() -> None:
    own = Price(input_usd=1, output_usd=2)
    assert price_of("our-model", {**PRICES, "our-model": own}) is own


counts = st.integers(0, 300_000)


@given(
    st.sampled_from(sorted(PRICES)),
    counts,
    counts,
    counts,
    counts,
    counts,
    st.sampled_from([1.0, 1.25, 2.0]),
    st.booleans(),
)
def test_no_call_within_its_bounds_costs_more_than_the_worst(
    model: str, plain: int, read: int, short: int, long: int, output: int, factor: float, us_only: bool
) -> None:
    used = Usage(
        input_tokens=plain,
        cache_read_tokens=read,
        cache_write_5m_tokens=short if factor >= 1.25 else 0,
        cache_write_1h_tokens=long if factor >= 2 else 0,
        output_tokens=output,
        is_us_only=us_only,
    )
    worst = worst_of(PRICES[model], used.all_input_tokens, cache_factor=factor)
    assert cost_of(PRICES[model], used) <= worst.total_usd(output) + 1e-12


@given(st.sampled_from(sorted(PRICES)), counts, st.floats(0, 20))
def test_what_can_be_afforded_stays_within_the_money(model: str, bound: int, left_usd: float) -> None:
    worst = worst_of(PRICES[model], bound, cache_factor=1.25)
    if (tokens := worst.affordable_tokens(left_usd)) >= 0:
        assert round(worst.total_usd(tokens), 9) <= left_usd

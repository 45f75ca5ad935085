"""What models cost: a table, and the arithmetic on it. Pure. A model that is not in the table may not be called.

Source: the public price list as Claude Code 2.1.330 reports it for one million tokens of each kind (`costUSD` with
`costBasis: "list"`, read off runs against a scripted model), and for the retired 4.0 and 4.1 models, which it no longer
calls, the list as it was published. Models are listed one by one: the next family is refused until its price is known,
because a guess would make the money limit a guess. An operator adds a model, or another price, by configuration.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

CACHE_WRITE_5M_FACTOR = 1.25
CACHE_WRITE_1H_FACTOR = 2.0
WEB_SEARCH_USD = 0.01
US_ONLY_FACTOR = 1.1
"""Of every token price, where the request or the account keeps inference in the United States."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens."""

    input_usd: float
    output_usd: float
    cache_read_factor: float = 0.1
    """Of the input price."""
    long_above: int | None = None
    """Input tokens, cached ones included, above which the whole call costs more."""
    long_input_factor: float = 1.0
    long_output_factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, each counted in one place only."""

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    web_searches: int = 0
    is_us_only: bool = False

    @property
    def cache_write_tokens(self) -> int:
        """Written for any time."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def all_input_tokens(self) -> int:
        """Everything the model read."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


_OPUS_4 = Price(input_usd=15, output_usd=75)
_OPUS = Price(input_usd=5, output_usd=25)
_SONNET_4 = Price(input_usd=3, output_usd=15)
_SONNET_4_LONG = Price(
    input_usd=3, output_usd=15, long_above=200_000, long_input_factor=2.0, long_output_factor=1.5
)  # fmt: skip
_FABLE = Price(input_usd=10, output_usd=50)

PRICES: Mapping[str, Price] = {
    "claude-opus-5-5": Price(input_usd=4, output_usd=20, cache_read_factor=0.05),
    "claude-sonnet-5-5": Price(input_usd=2, output_usd=10, cache_read_factor=0.05),
    "claude-haiku-5-5": Price(
        input_usd=0.1, output_usd=0.5, long_above=100_000, long_input_factor=5.0, long_output_factor=5.0
    ),
    "claude-fable-5": _FABLE,
    "claude-mythos-5": _FABLE,
    "claude-opus-5": _OPUS,
    "claude-sonnet-5": Price(input_usd=2, output_usd=10),
    "claude-opus-4-8": _OPUS,
    "claude-opus-4-7": _OPUS,
    "claude-opus-4-6": _OPUS,
    "claude-opus-4-5": _OPUS,
    "claude-opus-4-1": _OPUS_4,
    "claude-opus-4-0": _OPUS_4,
    "claude-opus-4": _OPUS_4,
    "claude-sonnet-4-6": _SONNET_4,
    "claude-sonnet-4-5": _SONNET_4_LONG,
    "claude-sonnet-4-0": _SONNET_4_LONG,
    "claude-sonnet-4": _SONNET_4_LONG,
    "claude-haiku-4-5": Price(input_usd=1, output_usd=5),
    "claude-3-7-sonnet": _SONNET_4,
    "claude-3-5-haiku": Price(input_usd=0.8, output_usd=4),
}
_RELEASE = re.compile(r"(-\d{8}|-latest)$")


def price_of(model: str, prices: Mapping[str, Price] = PRICES) -> Price | None:
    """The price of a model by its id, with or without a release date; None where it is not known.

    A longer id is another model: "claude-opus-5-6" does not cost what "claude-opus-5" costs.
    """
    return prices.get(model) or prices.get(_RELEASE.sub("", model))


def cost_of(price: Price, usage: Usage) -> float:
    """US dollars."""
    is_long = price.long_above is not None and usage.all_input_tokens > price.long_above
    input_usd = price.input_usd * (price.long_input_factor if is_long else 1.0)
    output_usd = price.output_usd * (price.long_output_factor if is_long else 1.0)
    weighted = (
        usage.input_tokens
        + usage.cache_read_tokens * price.cache_read_factor
        + usage.cache_write_5m_tokens * CACHE_WRITE_5M_FACTOR
        + usage.cache_write_1h_tokens * CACHE_WRITE_1H_FACTOR
    )
    tokens_usd = (weighted * input_usd + usage.output_tokens * output_usd) / 1_000_000
    return tokens_usd * (US_ONLY_FACTOR if usage.is_us_only else 1.0) + usage.web_searches * WEB_SEARCH_USD


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The most a call can cost, as a line: a fixed part for what is read, and so much per token that may be written."""

    input_usd: float
    output_token_usd: float

    def total_usd(self, output_tokens: int) -> float:
        """With that many tokens written."""
        return self.input_usd + output_tokens * self.output_token_usd

    def affordable_tokens(self, left_usd: float) -> int:
        """How many tokens may be written so that the whole stays within the money; negative: reading is too dear."""
        # A hair less than the quotient: sums of floats, rounded to a billionth, must never come out above the budget.
        return math.floor((left_usd - 4e-9 - self.input_usd) / self.output_token_usd)


def worst_of(price: Price, input_tokens: int, *, cache_factor: float) -> Worst:
    """The worst case of a call that reads at most `input_tokens`, all of them written to the cache at that factor.

    An account can be set to stay in the United States without the request saying so: the worst case does.
    """
    is_long = price.long_above is not None and input_tokens > price.long_above
    input_usd = price.input_usd * (price.long_input_factor if is_long else 1.0) * US_ONLY_FACTOR
    output_usd = price.output_usd * (price.long_output_factor if is_long else 1.0) * US_ONLY_FACTOR
    return Worst(
        input_usd=input_tokens * input_usd * max(cache_factor, 1.0, price.cache_read_factor) / 1_000_000,
        output_token_usd=output_usd / 1_000_000,
    )

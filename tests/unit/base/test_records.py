"""Values through JSON and back."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import pytest

from honk.base.records import dump, load


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    path: str
    colour: Colour = Colour.RED
    at: datetime | None = None
    parts: tuple["Thing", ...] = ()


def test_a_value_comes_back_as_it_was() -> None:
    thing = Thing(path="a", at=datetime(2026, 1, 1, tzinfo=UTC), parts=(Thing(path="caf\udce9", colour=Colour.RED),))
    assert load(Thing, dump(Thing, thing)) == thing
    assert dump(Thing, thing).isascii()


def test_a_record_of_an_older_honk_gets_defaults_for_what_it_lacks() -> None:
    assert load(Thing, '{"path": "a", "gone": 1}') == Thing(path="a")


def test_a_record_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="path"):
        load(Thing, "{}")

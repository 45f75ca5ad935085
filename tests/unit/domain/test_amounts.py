"""Amounts as people say them."""

from honk.domain.amounts import counted, duration


def test_durations_read_as_people_say_them() -> None:
    told = [duration(value) for value in (0.04, 9.94, 12.3, 59.4, 65, 3599, 3600, 7860)]
    assert told == ["0.0 s", "9.9 s", "12 s", "59 s", "1 min 05 s", "59 min 59 s", "1 h 00 min", "2 h 11 min"]


def test_a_count_has_its_noun() -> None:
    assert [counted(number, "file") for number in (0, 1, 1234)] == ["0 files", "1 file", "1,234 files"]

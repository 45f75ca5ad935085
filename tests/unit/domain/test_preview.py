"""The rules by which previews end."""

from dataclasses import replace

from honk.domain.preview import PreviewTerms, Standing, to_make_room, why_end

TERMS = PreviewTerms(most=2, idle_seconds=600, life_seconds=3600, cpu_share=0.5)
FRESH = Standing(label="a", age_seconds=10, idle_seconds=0, cpu_seconds=20.0)


def test_a_preview_ends_idle_old_or_greedy_with_what_was_measured() -> None:
    assert why_end(FRESH, TERMS) is None
    assert "10 minutes" in (why_end(replace(FRESH, idle_seconds=601), TERMS) or "")
    assert "60 minutes" in (why_end(replace(FRESH, age_seconds=3601), TERMS) or "")
    assert why_end(replace(FRESH, age_seconds=1000, cpu_seconds=600.0), TERMS) is None
    greedy = why_end(replace(FRESH, age_seconds=1000, cpu_seconds=990.0), TERMS)
    assert greedy is not None
    assert "0.99 of a core" in greedy
    assert why_end(replace(FRESH, age_seconds=1000, cpu_seconds=None), TERMS) is None


def test_whoever_was_looked_at_least_recently_makes_room() -> None:
    standing = [replace(FRESH, label=label, idle_seconds=idle) for label, idle in (("a", 5), ("b", 50), ("c", 1))]
    assert to_make_room(standing, TERMS) == ("b", "a")
    assert to_make_room(standing[:1], TERMS) == ()
    assert to_make_room((), TERMS) == ()

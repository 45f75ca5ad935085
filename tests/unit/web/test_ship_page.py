"""The page before a merge: every page compiles, and nothing that people, agents or repositories wrote does anything."""

import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.unit.web.test_shown import HOSTILE, Seen

from honk.desks.shipping import Ship
from honk.domain.approval import Look
from honk.domain.change import ChangedFile, Edit
from honk.domain.evidence import Finding, Ruling, Severity
from honk.domain.merge_terms import MergeTerms
from honk.domain.needs import Need
from honk.domain.people import OWNER
from honk.domain.shipment import Shipment, ShipmentState
from honk.insight.proof import proof_of
from honk.testing.store_rules import ADA, CHANGE, EXAMINATION, NOON, VERDICT, a_pull_request, a_run, a_task
from honk.web.pages import HERE, templates
from honk.workflows.approving import Sight

NAMES = sorted(str(path.relative_to(HERE / "templates")) for path in (HERE / "templates").rglob("*.html"))


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles(name: str) -> None:
    assert templates().get_template(name)


def page(
    words: str, *, state: ShipmentState = ShipmentState.ARMED, may_not: str = "", brings_back: tuple[int, ...] = ()
) -> str:
    """With these words wherever somebody else's may stand."""
    task, pull_request = replace(a_task(), prompt=words), a_pull_request(1)
    finding = Finding(rule=words, severity=Severity.NEEDS_HUMAN, message=words, path=words)
    examination = replace(EXAMINATION, reason=words, reports=(), findings=(finding,))
    change = replace(CHANGE, files=(ChangedFile(path=words, edit=Edit.ADDED, added_lines=1, deleted_lines=0),))
    verdict = replace(VERDICT, ruling=Ruling.NEEDS_HUMAN, reasons=(words,))
    need = Need(why=words, who=frozenset({"bob"}), names=(words,))
    head = pull_request.head_sha
    look = Look(number=1, repository_id="r1", state="open", head_sha=head, verified_sha=head,
                examination=examination, verdict=verdict, needs=(need,))  # fmt: skip
    sight = Sight(pull_request=pull_request, task=task, run=replace(a_run(), change=change), look=look,
                  terms=MergeTerms(), guarded=())  # fmt: skip
    shipment = Shipment(
        shipment_id="s", number=1, task_id="t1", repository_id="r1", head_sha=head, state=state,
        person=replace(ADA, name=words), person_id="owner", since=NOON, until=NOON + timedelta(hours=1), words=words,
    )  # fmt: skip
    ship = Ship(sight=sight, shipment=shipment, approvals=(), may_not=may_not, brings_back=brings_back)
    return templates().get_template("ship.html").render(
        who=SimpleNamespace(member=OWNER), is_admin=False, ship=ship, task=task, task_id="t1", refusal=words,
        proof=proof_of(examination, verdict), files=change.files, sentence=words,
    )  # fmt: skip


def test_no_word_becomes_an_element_or_an_address() -> None:
    plain = Seen()
    plain.feed(page("plain"))
    own = {tag for tag, _ in plain.tags}
    for words in HOSTILE:
        seen = Seen()
        seen.feed(page(words))
        assert {tag for tag, _ in seen.tags} <= own
        for _, attrs in seen.tags:
            for name in ("href", "src", "action", "formaction"):
                assert re.match(r"(/|#|$)", attrs.get(name) or ""), attrs


def test_the_form_carries_the_commit_that_is_shown_and_asks_for_the_sentence_where_one_is_needed() -> None:
    html = page("plain")
    assert f'name="head_sha" value="{a_pull_request(1).head_sha}"' in html
    assert 'name="sentence"' in html
    assert "Take my yes back" in html
    assert "Say yes to" in html


def test_whoever_may_not_and_what_is_under_way_get_nothing_to_send() -> None:
    for html in (page("plain", may_not="You are reader there."), page("plain", state=ShipmentState.DELIVERING)):
        assert 'name="head_sha"' not in html


def test_a_merge_that_brings_back_what_was_undone_says_so() -> None:
    assert "rolled back" not in page("plain")
    html = page("plain", brings_back=(2, 5))
    assert "rolled back from #2, #5" in html
    assert "brings that back" in html

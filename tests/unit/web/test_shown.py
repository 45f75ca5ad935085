"""Whatever people, agents and repositories write is shown letter by letter, and does nothing."""

import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honk.domain.change import Change
from honk.domain.task import Brief, Outcome, OutcomeName, Person, Status
from honk.insight.sheet import Sheet
from honk.insight.task_view import task_view
from honk.store import Message, TaskEvent
from honk.testing.store_rules import CHANGE, EXAMINATION, NOON, VERDICT, a_pull_request, a_run, a_task
from honk.web.pages import shown, templates

HOSTILE = (
    "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "javascript:alert(1)", "[x](javascript:alert(1))",
    "\x1b[31mred\x1b[0m\x1b]8;;http://evil\x07link", "safe\u202egpj.exe", "a\u2066b\u2069", "\x00\x08\x7f",
    "{{ 7 * 7 }}",
    "</pre></textarea></title>", "&lt;b&gt;", "\udc80", "\u2028", "data-hx-get=x", "<hx-partial hx-target=body>",
)  # fmt: skip
text = (
    st.text(max_size=40) | st.sampled_from(HOSTILE) | st.builds("".join, st.lists(st.sampled_from(HOSTILE), max_size=4))
)


class Seen(HTMLParser):
    """The elements and attributes that a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def sheet(words: str) -> Sheet:
    """Everything that anybody can write, written."""
    person = Person(name=words, email=words)
    outcome = Outcome(name=OutcomeName.OPENED, reason=words)
    report = replace(
        EXAMINATION.reports[0], summary=words, command=words, verifier=words, chosen_by=words, log_blob="d"
    )
    finding = replace(EXAMINATION.findings[0], message=words, rule=words, path=words)
    bodies = [
        ("said", {"text": words}), ("tool", {"tool": words, "summary": words, "call_id": words}),
        ("tool_result", {"call_id": words, "excerpt": words, "is_error": True}),
        ("asked", {"question_id": words, "text": words, "choices": [words], "recommended": words}),
        ("report", {"verifier": words, "summary": words + "\n" + words, "result": words}), ("note", {"text": words}),
        ("verdict", {"ruling": words, "reasons": [words]}), ("outcome", {"outcome": words, "reason": words}),
        ("message", {"message_id": words, "text": words, "person": words}), ("pull_request", {"title": words}),
    ]  # fmt: skip
    events = tuple(
        TaskEvent(task_id="t1", sequence=n, kind=kind, body=body, at=NOON) for n, (kind, body) in enumerate(bodies, 1)
    )
    raw = words.encode("utf-8", "surrogatepass")
    diff = (
        b"diff --git a/x b/" + raw + b"\n--- a/x\n+++ b/" + raw + b"\n@@ -1 +1 @@ " + raw + b"\n+" + raw + b"\n-" + raw
    )
    change: Change = replace(CHANGE, diff_blob="d")
    return Sheet(
        task=replace(
            a_task(), prompt=words, asker=person, status=Status.FINISHED, outcome=outcome, notes=(words,), agent=words,
            model=words, base_branch=words, repository=replace(a_task().repository, name=words),
        ),
        brief=Brief(version=1, goal=words, preconditions=(words,), out_of_bounds=(words,), done_when=(words,)),
        run=replace(
            a_run(), change=change, seconds={words: 1.0}, verdict=replace(VERDICT, reasons=(words,), judge=words),
            examination=replace(EXAMINATION, reports=(report,), findings=(finding, replace(finding, path=None))),
        ),
        events=events,
        messages=(Message(message_id="m", task_id="t1", person=person, text=words, at=NOON),),
        pull_requests=(replace(a_pull_request(1), url=words, branch=words, reviewers=(words,), title=words),),
        followers=(replace(a_task("t2"), prompt=words),),
        diff=diff,
    )  # fmt: skip


TASK_PAGE = templates().get_template("task.html")


def page(words: str, *, may_steer: bool = True) -> str:
    view = task_view(sheet(words), may_steer=may_steer)
    return TASK_PAGE.render(who=None, is_admin=False, view=view, message_id="m", refusal=words, text=words)


PLAIN = Seen()
PLAIN.feed(page("plain"))


@settings(max_examples=60, deadline=None)
@given(text)
def test_no_text_becomes_an_element_an_address_or_an_act(words: str) -> None:
    html = page(words)
    seen = Seen()
    seen.feed(html)
    own = {tag for tag, _ in PLAIN.tags} | {"details", "summary", "pre", "ul", "li"}
    assert {tag for tag, _ in seen.tags} <= own
    assert {name for _, attrs in seen.tags for name in attrs} <= {name for _, a in PLAIN.tags for name in a} | {
        "class",
        "open",
    }
    for _, attrs in seen.tags:
        for name in ("href", "src", "action", "formaction"):
            assert re.match(r"(/|#|https?://|$)", attrs.get(name) or ""), attrs
    assert not any(
        unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co") and char not in "\n\u200c\u200d" for char in html
    )


def test_whoever_may_not_steer_gets_nothing_to_send() -> None:
    reader = Seen()
    reader.feed(page("plain", may_steer=False))
    assert "form" in {tag for tag, _ in PLAIN.tags}
    assert "form" not in {tag for tag, _ in reader.tags}


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_text_is_made_fit_to_be_seen(words: str) -> None:
    found = str(shown(words))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]", found)


def test_values_that_are_no_text_stay_as_they_are() -> None:
    assert shown(3) == 3
    assert shown(None) is None

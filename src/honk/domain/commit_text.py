"""Whose a commit is, and the words on it: a subject, and trailers that nobody's words can forge. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from honk.domain.evidence import Examination, Verdict, verification
from honk.domain.markdown import one_line
from honk.domain.task import Brief, Person, Task

VALUE_WIDTH = 1000
Trailers = tuple[tuple[str, str], ...]
_PERSON = re.compile(r"([^<>\x00-\x1f\x7f]+) <([^<>\s]+@[^<>\s]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """In whose name the installation commits."""

    committer: Person
    author: Person | None = None
    """None is whoever asked."""
    is_signed_off: bool = False
    """Whether each commit carries its author's `Signed-off-by`."""

    def author_of(self, task: Task) -> Person:
        return self.author or task.asker


def parse_person(text: str) -> Person:
    """From `NAME <E-MAIL>`.

    Raises:
        ValueError: it is not of this form.
    """
    if (found := _PERSON.fullmatch(text.strip())) is None or not plain(found[1]):
        raise ValueError(f"{text!r} is not of the form NAME <E-MAIL>")
    return Person(name=found[1].strip(), email=found[2])


def subject_line(text: str) -> str:
    """One line that git reads neither as a comment nor as the divider before which a message ends."""
    return one_line(text, VALUE_WIDTH).lstrip("-#> ") or "Change"


def trailer_lines(trailers: Iterable[tuple[str, str]]) -> str:
    """A line for each, whatever its value holds; `git interpret-trailers --parse` reads them back."""
    return "\n".join(f"{name}: {one_line(value, VALUE_WIDTH) or 'unknown'}" for name, value in trailers)


def plain(text: str) -> str:
    """A name or an address as git takes it between its brackets."""
    return one_line(re.sub(r"[<>]", "", text)).strip(" .,:;\"'\\")


def signature_of(person: Person) -> str:
    """`NAME <E-MAIL>`, with exactly these two brackets."""
    return f"{plain(person.name) or 'unknown'} <{plain(person.email) or 'unknown@localhost'}>"


def origin(task: Task, brief: Brief) -> Trailers:
    """What is known of a commit before it is looked at."""
    return (
        ("Honk-Task", task.task_id),
        ("Honk-Brief", f"v{brief.version}"),
        ("Honk-Agent", task.agent.split(":", 1)[0]),
        ("Honk-Model", task.model),
        ("Honk-Requested-By", signature_of(task.asker)),
    )


def proof(examination: Examination, verdict: Verdict | None) -> Trailers:
    """What gate and judge said, and which gate."""
    gate = f" by {examination.gate}" if examination.gate else ""
    judged = "not judged" if verdict is None else f"{verdict.ruling} by {verdict.judge}"
    return (("Honk-Verification", f"{verification(examination.reports)}{gate}"), ("Honk-Verdict", judged))


def sign_off(person: Person) -> Trailers:
    """The author's word that the change may be given (developercertificate.org)."""
    return (("Signed-off-by", signature_of(person)),)

"""Whom we let in whom another system recognised."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honk.domain.people import OWNER, Member, Role
from honk.domain.recognition import Admittance, Bind, Enter, Identity, Join, Refuse, admit

EVE = Identity(issuer="https://i.example", subject="1", email="eve@example.org", name="Eve", groups=("dev",))
HERE = Member(person_id="p1", name="Eve", email="eve@example.org", subject=EVE.key)
ADDED = replace(HERE, subject=None)
GONE = replace(HERE, left_at=datetime(2026, 3, 4, tzinfo=UTC))
OPEN = Admittance(default_role=Role.READER)


def test_who_is_known_comes_in_and_who_was_added_is_bound() -> None:
    assert admit(EVE, HERE, HERE, Admittance()) == Enter(member=HERE)
    assert admit(EVE, None, ADDED, Admittance()) == Bind(member=ADDED)
    assert admit(EVE, None, None, OPEN) == Join(role=Role.READER)


@pytest.mark.parametrize(
    ("identity", "by_subject", "by_email", "rules"),
    [
        (EVE, None, None, Admittance()),
        (EVE, None, GONE, OPEN),
        (replace(EVE, email=OWNER.email), None, OWNER, OPEN),
        (EVE, GONE, None, OPEN),
        (EVE, None, replace(HERE, subject="https://i.example 2"), OPEN),
        (replace(EVE, email=None), None, None, OPEN),
        (EVE, HERE, HERE, Admittance(domains=("other.example",))),
        (EVE, HERE, HERE, Admittance(domains=("xample.org",))),
        (EVE, HERE, HERE, Admittance(groups=("ops",))),
        (EVE, HERE, HERE, Admittance(domains=("example.org",), groups=("ops",))),
        (replace(EVE, email=None), HERE, None, Admittance(domains=("example.org",))),
        (replace(EVE, email="eve@example.org@evil.example"), None, None, replace(OPEN, domains=("example.org",))),
        (replace(EVE, email="eve@evil.example.org"), None, None, replace(OPEN, domains=("example.org",))),
        (replace(EVE, groups=("dev", "DEV ")), None, None, replace(OPEN, groups=("DEV",))),
    ],
)
def test_in_doubt_nobody_comes_in(
    identity: Identity, by_subject: Member | None, by_email: Member | None, rules: Admittance
) -> None:
    found = admit(identity, by_subject, by_email, rules)
    assert isinstance(found, Refuse)
    assert "Nothing was done" in found.words


MEMBERS = st.sampled_from([None, HERE, ADDED, GONE])
RULES = st.builds(
    Admittance,
    domains=st.sampled_from([(), ("example.org",), ("other.example",)]),
    groups=st.sampled_from([(), ("dev",), ("ops",)]),
    default_role=st.sampled_from([None, Role.READER, Role.REQUESTER]),
)


@settings(deadline=None)
@given(st.sampled_from([EVE, replace(EVE, email=None)]), MEMBERS, MEMBERS, RULES)
def test_nobody_comes_in_who_left_or_is_outside_or_whose_address_is_unproved(
    identity: Identity, by_subject: Member | None, by_email: Member | None, rules: Admittance
) -> None:
    found = admit(identity, by_subject, by_email, rules)
    if isinstance(found, Refuse):
        return
    assert not rules.groups or set(rules.groups) & set(identity.groups)
    assert not rules.domains or identity.email is not None
    match found:
        case Enter(member=member):
            assert member == by_subject
            assert member.left_at is None
        case Bind(member=member):
            assert member == by_email
            assert (member.left_at, member.subject) == (None, None)
            assert identity.email is not None
        case Join(role=role):
            assert (by_subject, by_email, role) == (None, None, rules.default_role)
            assert identity.email is not None

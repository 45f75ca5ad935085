"""What each role may, by each door."""

import pytest

from honk.domain.people import EVERYWHERE, Act, Door, Member, Role, Visitor, why_not

MAY = {
    Role.READER: {Act.READ},
    Role.REQUESTER: {Act.READ, Act.REQUEST, Act.STEER, Act.GRANT},
    Role.APPROVER: {Act.READ, Act.REQUEST, Act.STEER, Act.GRANT, Act.APPROVE},
    Role.ADMIN: set(Act),
}


def visitor(door: Door = Door.CONSOLE, **grants: Role) -> Visitor:
    held = {EVERYWHERE if where == "everywhere" else where: role for where, role in grants.items()}
    return Visitor(member=Member(person_id="p", name="P", email="p@example.test", grants=held), door=door)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", Act)
def test_a_role_holds_where_it_was_granted_and_nowhere_else(role: Role, act: Act) -> None:
    assert (why_not(visitor(r1=role), act, "r1") is None) == (act in MAY[role])
    assert why_not(visitor(r1=role), act, "r2") is not None
    assert why_not(visitor(r1=role), act, EVERYWHERE) is not None
    assert (why_not(visitor(everywhere=role), act, "r2") is None) == (act in MAY[role])


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("door", Door)
def test_a_guest_may_nothing_by_any_door(act: Act, door: Door) -> None:
    assert why_not(visitor(door), act, "r1") is not None


@pytest.mark.parametrize("act", Act)
def test_a_token_never_grants_approves_or_administers(act: Act) -> None:
    found = why_not(visitor(Door.TOKEN, everywhere=Role.ADMIN), act, "r1")
    assert (found is not None) == (act in (Act.GRANT, Act.APPROVE, Act.ADMINISTER))


def test_the_higher_of_two_roles_holds() -> None:
    both = visitor(everywhere=Role.READER, r1=Role.APPROVER)
    assert why_not(both, Act.APPROVE, "r1") is None
    assert why_not(both, Act.APPROVE, "r2") is not None

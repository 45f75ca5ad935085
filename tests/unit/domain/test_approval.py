"""Who may let what merge: the rules of rule 12, T29 and T31 of the attack list, and that nothing red ever passes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.approval import Arm, AskSentence, Look, Refuse, Ship, Yes, decide_approval, not_worse
from honk.domain.evidence import Examination, Finding, Report, Ruling, Severity, Verdict, Verification
from honk.domain.merge_terms import MergeTerms, narrowed
from honk.domain.needs import ANYBODY, Circle, Guarded, Hand, Need, asked_of, needs_of, words_of
from honk.domain.people import EVERYWHERE, OWNER, Door, Member, Role

HEAD, OTHER = "a" * 40, "b" * 40
GREEN = Report(verifier="unittest", command="python -m unittest", chosen_by="tests", is_required=True,
               result=Verification.PASSED, summary="2 tests", seconds=1, ran_tests=True)  # fmt: skip
VERIFIED = Examination(reports=(GREEN,))
VETOED = Finding(rule="x", severity=Severity.VETO, message="no")
RED = Examination(reports=(replace(GREEN, result=Verification.FAILED),))
PASS = Verdict(ruling=Ruling.PASS, reasons=(), judge="j", prompt_version="1", seconds=1)
LOOK = Look(
    number=7, repository_id="r", state="open", head_sha=HEAD, verified_sha=HEAD, examination=VERIFIED, verdict=PASS
)


def member(name: str, role: Role = Role.APPROVER, where: str = "r") -> Member:
    return Member(person_id=name.lower(), name=name, email=f"{name.lower()}@example.org", grants={where: role})


ADA, BOB, CY = member("Ada"), member("Bob"), member("Cy", Role.ADMIN)
EVE = member("Eve", Role.REQUESTER)
CI = Guarded(path=".github/workflows/ci.yml", rule="continuous integration")


def yes(who: Member = ADA, **more: object) -> Yes:
    return replace(Yes(member=who, door=Door.CONSOLE, head_sha=HEAD), **more)  # type: ignore[arg-type]


def circle(*members: Member, hands: tuple[Hand, ...] = (Hand(person_id="ada", email="ada@example.org"),)) -> Circle:
    return Circle(repository_id="r", members=(OWNER, *members), hands=hands, people={})


def refused(look: Look, one: Yes, given_by: frozenset[str] = frozenset()) -> str:
    decision = decide_approval(look, one, given_by)
    assert isinstance(decision, Refuse), decision
    return decision.reason


def test_row_20_whoever_asked_merges_what_is_verified_by_one_tap() -> None:
    assert decide_approval(LOOK, yes()) == Ship()


@pytest.mark.parametrize("who", [EVE, member("Guest", Role.APPROVER, "elsewhere"), replace(ADA, grants={})])
def test_row_41_without_the_right_there_nobody_does(who: Member) -> None:
    assert "approver" in refused(LOOK, yes(who))


def test_t31_who_has_left_may_nothing() -> None:
    assert "no role" in refused(LOOK, yes(replace(ADA, left_at=__import__("datetime").datetime.now())))


def test_t29_a_token_never_approves_whoever_it_belongs_to() -> None:
    assert "A token cannot approve" in refused(LOOK, yes(CY, door=Door.TOKEN))


def test_t29_a_yes_to_an_older_commit_is_none() -> None:
    assert "has moved" in refused(LOOK, yes(head_sha=OTHER))


def test_t29_what_was_pushed_over_is_not_what_was_verified() -> None:
    assert "what was verified is aaaa" in refused(replace(LOOK, head_sha=OTHER), yes(head_sha=OTHER))
    assert "what was verified is nothing" in refused(replace(LOOK, verified_sha=None), yes())


@pytest.mark.parametrize(
    "look",
    [
        replace(LOOK, examination=RED),
        replace(LOOK, examination=replace(VERIFIED, findings=(VETOED,))),
        replace(LOOK, verdict=replace(PASS, ruling=Ruling.VETO)),
        replace(LOOK, state="closed"),
        replace(LOOK, state="merged"),
    ],
)  # fmt: skip
def test_red_vetoed_closed_and_merged_never_merge(look: Look) -> None:
    assert refused(look, yes(CY, sentence="I insist."))


@pytest.mark.parametrize(
    ("look", "why"),
    [
        (replace(LOOK, examination=Examination(reason="no tests were found")), "no tests were found"),
        (replace(LOOK, verdict=replace(PASS, ruling=Ruling.NEEDS_HUMAN, reasons=("odd",))), "the judge: odd"),
        (
            replace(LOOK, examination=replace(VERIFIED, findings=(
                Finding(rule="hooks", severity=Severity.NEEDS_HUMAN, message="look at me"),))),
            "look at me",
        ),
    ],
)  # fmt: skip
def test_row_13_unverified_and_what_a_person_must_see_need_a_typed_sentence(look: Look, why: str) -> None:
    assert decide_approval(look, yes()) == AskSentence(why=(why,))
    assert decide_approval(look, yes(sentence=" \n")) == AskSentence(why=(why,))
    assert decide_approval(look, yes(sentence="I ran it.")) == Ship()
    assert "at most" in refused(look, yes(sentence="x" * 1001))


def needs(*members: Member, owners: tuple[str, ...] = (), **more: object) -> tuple[Need, ...]:
    return needs_of(circle(*members, **more), MergeTerms(), (CI,), {CI.path: owners})[0]  # type: ignore[arg-type]


def test_a_guarded_path_needs_an_owner_who_did_not_command() -> None:
    found = needs(ADA, BOB, CY, owners=("bob@example.org",))
    assert [(one.names, one.who) for one in found] == [(("Bob",), {"bob"})]
    look = replace(LOOK, needs=found)
    decision = decide_approval(look, yes())
    assert decision == Arm(needs=found)
    assert decide_approval(look, yes(BOB)) == Ship(), "his yes alone is that of a second person"
    assert decide_approval(look, yes(), {"bob"}) == Ship()
    assert words_of(found) == "Bob, because it changes .github/workflows/ci.yml (continuous integration)"
    assert asked_of(found) == ("bob",)


def test_t29_the_asker_is_no_second_person_however_they_are_named() -> None:
    by_address = (Hand(person_id=None, email="BOB@example.org"),)
    assert {"bob"} not in [one.who for one in needs(ADA, BOB, CY, owners=("bob@example.org",), hands=by_address)]
    by_command_line = (Hand(person_id=None, email="somebody@localhost"),)
    assert all("owner" not in one.who for one in needs(BOB, hands=by_command_line))


def test_where_no_owner_is_named_or_each_had_a_hand_in_it_an_administrator_is_asked() -> None:
    for owners in ((), ("@org/nobody-knows",), ("ada@example.org",), ("stranger@example.org",), ("Bob",)):
        assert [one.who for one in needs(ADA, BOB, CY, owners=owners)] == [{"owner", "cy"}]


def test_a_handle_stands_for_the_addresses_that_the_installation_names() -> None:
    terms = MergeTerms(people={"@org/maths": ("bob@example.org", "gone@example.org")})
    around = replace(circle(ADA, BOB, CY), people=terms.people)
    found, _ = needs_of(around, terms, (CI,), {CI.path: ("@org/maths",)})
    assert [one.who for one in found] == [{"bob"}]


def test_an_owner_without_the_right_to_approve_there_is_not_asked() -> None:
    assert [one.who for one in needs(ADA, EVE, CY, owners=("eve@example.org",))] == [{"owner", "cy"}]


def test_paths_of_several_owners_need_each_of_them() -> None:
    other = Guarded(path="deploy/run.sh", rule="deployment")
    owners = {CI.path: ("bob@example.org",), other.path: ("cy@example.org",)}
    found, _ = needs_of(circle(ADA, BOB, CY), MergeTerms(), (CI, other), owners)
    look = replace(LOOK, needs=found)
    first = decide_approval(look, yes(BOB))
    assert isinstance(first, Arm)
    assert [one.names for one in first.needs] == [("Cy",)]
    assert decide_approval(look, yes(CY), {"bob"}) == Ship()


def test_where_nobody_else_may_it_says_so_instead_of_waiting_for_ever() -> None:
    hands = (Hand(person_id="owner", email="owner@localhost"), Hand(person_id="ada", email="ada@example.org"))
    found = needs(ADA, EVE, hands=hands)
    assert [one.who for one in found] == [frozenset()]
    assert "nobody else here may approve" in refused(replace(LOOK, needs=found), yes())


def test_where_a_task_before_was_deleted_nobody_can_be_told_from_who_commanded_it() -> None:
    found = needs(ADA, BOB, CY, hands=(Hand(person_id="cy", email="cy@example.org"), ANYBODY))
    assert [one.who for one in found] == [frozenset()]
    assert "was deleted" in refused(replace(LOOK, needs=found), yes(BOB))
    owned, _ = needs_of(circle(ADA, hands=(ANYBODY,)), MergeTerms(owners=True), (), {"a.py": ("ada@example.org",)})
    assert [one.who for one in owned] == [{"ada"}], "an owner may have asked"
    found, alone = needs_of(circle(hands=(ANYBODY,)), MergeTerms(), (CI,), {})
    assert (found, len(alone)) == ((), 1)


def test_owners_whom_nobody_here_stands_for_leave_it_to_an_administrator() -> None:
    """A team's name that is in no `merge.people` must not let anybody's yes do."""
    terms, owners = MergeTerms(owners=True), {"a.py": ("@org/team",), "b.py": ("nobody@example.org",), "c.py": ()}
    found, _ = needs_of(circle(ADA, BOB, CY), terms, (), owners)
    assert [one.who for one in found] == [{"owner", "cy"}]
    assert "nobody here stands for @org/team, who own a.py" in found[0].why


def test_in_a_house_of_one_a_guarded_path_needs_the_owner_s_own_sentence() -> None:
    found, alone = needs_of(circle(hands=(Hand(person_id=None, email="me@localhost"),)), MergeTerms(), (CI,), {})
    assert found == ()
    look = replace(LOOK, needs=found, alone=alone)
    assert isinstance(decide_approval(look, yes(OWNER)), AskSentence)
    assert decide_approval(look, yes(OWNER, sentence="It is mine.")) == Ship()


def test_a_second_person_is_asked_where_repository_or_installation_want_one() -> None:
    for terms in (narrowed(MergeTerms(), b"[merge]\nsecond_person = true\n"), MergeTerms(second_person=True)):
        found, _ = needs_of(circle(ADA, BOB, EVE), terms, (), {})
        assert [one.who for one in found] == [{"owner", "bob"}]


def test_owners_of_everything_may_have_asked_themselves() -> None:
    found, _ = needs_of(circle(ADA, BOB), MergeTerms(owners=True), (), {"a.py": ("ada@example.org",), "b.py": ()})
    assert [one.who for one in found] == [{"ada"}]


def test_an_owner_s_handle_is_the_same_in_any_letters() -> None:
    people = {"@Org/Payments": ("Bob@example.org",)}
    for name in ("@org/payments", "@ORG/Payments", "org/payments"):
        found, _ = needs_of(replace(circle(ADA, BOB), people=people), MergeTerms(owners=True), (), {"a.py": (name,)})
        assert [one.who for one in found] == [{"bob"}], name


def test_a_repository_can_only_make_it_harder() -> None:
    strict = MergeTerms(second_person=True, owners=True, guarded=("a",), armed_hours=1)
    table = b'[merge]\nsecond_person = false\nowners = false\nguarded = ["b"]\n'
    found = narrowed(strict, table)
    assert (found.second_person, found.owners, found.guarded, found.armed_hours) == (True, True, ("a", "b"), 1)
    assert narrowed(MergeTerms(method="merge"), b"[merge]\nmethod = 'squash'\n").method == "squash"
    for wrong in (b"[merge]\nmethod = 'merge'\n", b"[merge]\nmethod = 1\n", b"[merge]\npeople = {}\n", b"merge = 1\n",
                  b"[merge]\narmed_hours = 9\n", b"[merge", b"\xff", b"[merge]\nguarded = 'x'\n",
                  b"[merge]\nsecond_person = 'no'\n"):  # fmt: skip
        found = narrowed(MergeTerms(), wrong)
        assert found.second_person, wrong
        assert found.problems
        assert found.people == {}


EXAMINATIONS = st.sampled_from([VERIFIED, RED, Examination(), Examination(reason="none")])
FINDINGS = st.lists(
    st.builds(Finding, rule=st.just("x"), severity=st.sampled_from(Severity), message=st.text(max_size=3))
)
PEOPLE = st.sampled_from([ADA, BOB, CY, EVE, OWNER, replace(BOB, grants={EVERYWHERE: Role.READER})])


@given(
    st.builds(
        Look, number=st.just(7), repository_id=st.just("r"), state=st.sampled_from(["open", "closed", "merged"]),
        head_sha=st.sampled_from([HEAD, OTHER]), verified_sha=st.sampled_from([HEAD, OTHER, None]),
        examination=st.builds(lambda one, found: replace(one, findings=tuple(found)), EXAMINATIONS, FINDINGS),
        verdict=st.none() | st.builds(lambda ruling: replace(PASS, ruling=ruling), st.sampled_from(Ruling)),
        needs=st.lists(st.builds(Need, why=st.just("x"), who=st.frozensets(st.sampled_from(["ada", "bob", "cy"])),
                                 names=st.just(())), max_size=3).map(tuple),
    ),
    st.builds(Yes, member=PEOPLE, door=st.sampled_from(Door), head_sha=st.sampled_from([HEAD, OTHER]),
              sentence=st.text(max_size=5)),
    st.frozensets(st.sampled_from(["ada", "bob", "cy"])),
)  # fmt: skip
def test_whatever_ships_is_open_unmoved_examined_not_red_by_a_person_with_the_right_and_all_whose_yes_it_needs(
    look: Look, one: Yes, given_by: frozenset[str]
) -> None:
    if decide_approval(look, one, given_by) != Ship():
        return
    assert look.state == "open"
    assert look.head_sha == look.verified_sha == one.head_sha
    assert one.door is not Door.TOKEN
    role = one.member.role_in("r")
    assert role in (Role.APPROVER, Role.ADMIN)
    assert look.examination.reports != RED.reports
    assert all(finding.severity is not Severity.VETO for finding in look.examination.findings)
    assert look.verdict is None or look.verdict.ruling is not Ruling.VETO
    assert all(need.who & {*given_by, one.member.person_id} for need in look.needs)
    is_clear = look.examination.reports == VERIFIED.reports and all(
        finding.severity is Severity.NOTE for finding in look.examination.findings
    )
    assert one.sentence.strip() or (is_clear and (look.verdict is None or look.verdict.ruling is Ruling.PASS))


def test_verified_again_it_must_say_no_less() -> None:
    seen = Finding(rule="hooks", severity=Severity.NEEDS_HUMAN, message="hooks", path="a")
    before = replace(VERIFIED, findings=(seen,))
    assert not_worse(before, before) is None
    assert not_worse(before, VERIFIED) is None
    assert not_worse(VERIFIED, before) == "hooks"
    assert not_worse(VERIFIED, RED) == "unittest failed on it"
    assert not_worse(VERIFIED, Examination(reason="no tests")) == "no tests"
    assert not_worse(Examination(), Examination()) is None
    note = replace(seen, severity=Severity.NOTE)
    assert not_worse(VERIFIED, replace(VERIFIED, findings=(note,))) is None


@given(
    st.lists(
        st.sampled_from([ADA, BOB, CY, EVE, replace(BOB, person_id="b2", email="b2@example.org")]),
        unique_by=lambda one: one.person_id,
    ),
    st.lists(st.sampled_from(["ada", "bob", "cy", "eve", "owner", None]), max_size=3),
    st.lists(st.sampled_from(["ada@example.org", "BOB@example.org", "@org/x", "eve@example.org"]), max_size=3),
    st.booleans(),
)
def test_nobody_who_commanded_and_nobody_without_the_right_is_ever_a_second_person(
    members: list[Member], hands: list[str | None], owners: list[str], second: bool
) -> None:
    around = circle(*members, hands=tuple(Hand(person_id=one, email=f"{one}@example.org") for one in hands))
    found, alone = needs_of(around, MergeTerms(second_person=second), (CI,), {CI.path: owners})
    may = {one.person_id for one in around.approvers()}
    commanded = {one.person_id for one in around.members if around.has_commanded(one)}
    for need in found:
        assert need.who <= may - commanded
    assert found or alone, "a guarded path always needs somebody, or the only person's own sentence"
    assert not alone or len(around.members) == 1

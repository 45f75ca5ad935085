"""What a pull request says of who made it, and when one more waits for a person."""

import subprocess
import tempfile
from pathlib import Path

import pytest
from desk import COMMAND, RIGHT, Desk, Told, git, open_desk

from honk.domain.limits import Limits
from honk.domain.provenance import Part, Share
from honk.domain.task import OutcomeName, Person
from honk.workflows.legs import Spoken

pytestmark = pytest.mark.anyio
ELSE = "command:sh -c \"cat >/dev/null; echo 'add() adds' > NOTES.md\""
LIMITS = Limits(wall_seconds=60, idle_seconds=30)


def spoken(name: str = "Bob", text: str = "Again.") -> Spoken:
    return Spoken(person=Person(name=name, email="bob@example.org"), person_id=None, text=text, message_id=f"m-{name}")


async def to_its_end(desk: Desk, task_id: str) -> Told:
    return await desk.follow(task_id)


async def retried(desk: Desk, task_id: str) -> Told:
    said = await desk.app.talk.retry(await desk.app.task(task_id), spoken(), LIMITS)
    return await to_its_end(desk, said.task_id)


def trailers(calc: Path, sha: str) -> list[str]:
    shown = subprocess.run(
        ["git", "-C", calc, "show", "-s", "--format=%B", sha], capture_output=True, check=True, text=True
    )
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=shown.stdout, capture_output=True, check=True, text=True
    )
    return [line for line in done.stdout.splitlines() if line.startswith("Honk-Made")]


async def test_row_42_a_pull_request_labels_what_a_machine_made_and_what_a_person_did(
    tmp_path: Path, calc: Path
) -> None:
    async with open_desk(tmp_path / "home", {}, pull_requests={}) as desk:
        told = await desk.run(calc, agent=COMMAND)
        assert told.result.pull_request is not None
        assert told.result.provenance == (
            Share(part=Part.CODE, author="command, sonnet", is_machine=True, files=1, added=1, deleted=1),
        )
        assert "| code | machine: `command, sonnet` | 1 | +1 −1 |" in told.result.pull_request.body
        assert trailers(calc, str(told.result.branch)) == ["Honk-Made: code 1 +1 -1 by machine command, sonnet"]
        taken = await desk.app.handing.take(await desk.app.task(told.result.task_id))
        git(calc, "switch", "-q", taken.branch)
        (calc / "calc.py").write_text(
            (calc / "calc.py").read_text() + "\n\ndef thrice(a: int) -> int:\n    return a * 3\n"
        )
        (calc / "README.md").write_text("# calc\n\nIt adds.\n")
        git(calc, "commit", "-qam", "More")
        sha = git(calc, "rev-parse", "HEAD")
        git(calc, "switch", "-q", "main")
        pack = subprocess.run(
            ["git", "-C", calc, "pack-objects", "--revs", "--stdout", "-q"],
            input=f"{sha}\n^{taken.base_sha}\n".encode(), capture_output=True, check=True,
        ).stdout  # fmt: skip
        with tempfile.TemporaryFile() as file:
            file.write(pack)
            file.seek(0)
            task = await desk.app.task(taken.task_id)
            given = await desk.app.handing.give(task, spoken(text="Mine."), sha, file, LIMITS)
        mended = await to_its_end(desk, given.task_id)
        assert mended.result.pull_request is not None, mended.result.reason
        assert mended.result.provenance == (
            Share(part=Part.CODE, author="command, sonnet", is_machine=True, files=1, added=1, deleted=1),
            Share(part=Part.CODE, author="Bob", is_machine=False, files=1, added=4, deleted=0),
            Share(part=Part.DOCS, author="Bob", is_machine=False, files=1, added=2, deleted=0),
        )
        made = [
            "Honk-Made: code 1 +1 -1 by machine command, sonnet",
            "Honk-Made: code 1 +4 -0 by person Bob",
            "Honk-Made: docs 1 +2 -0 by person Bob",
        ]
        forge = next((tmp_path / "home" / "forge").glob("*.git"))
        assert trailers(forge, str(mended.result.head_sha)) == made
        merged = await desk.app.merge(mended.result.pull_request.number, sentence="I looked.")
        assert trailers(forge, str(merged.pull_request.merged_sha)) == made
        kept = await desk.app.kept(mended.result.task_id)
        [told_of] = [event.body["shares"] for event in kept.events if event.kind == "provenance"]
        assert len(told_of) == 3  # type: ignore[arg-type]


async def test_row_42_the_same_change_again_waits_for_a_person_with_its_work_kept(tmp_path: Path, calc: Path) -> None:
    async with open_desk(tmp_path / "home", {}, pull_requests={}) as desk:
        first = await desk.run(calc, agent=COMMAND)
        assert first.result.pull_request is not None
        number = first.result.pull_request.number
        again = await desk.run(calc, "Do make add() add", agent=COMMAND)
        assert again.result.outcome is OutcomeName.NEEDS_HUMAN
        assert f"Pull request #{number} (open) has exactly this change" in again.result.reason
        assert again.result.head_sha is not None, "the work is kept"
        assert again.result.diff_blob is not None
        assert RIGHT.encode() in await desk.app.diff(again.result.diff_blob)
        assert len(await desk.app.pull_requests()) == 1
        branches = git(calc, "branch", "--list", "honk/*")
        assert branches.count("honk/") == 1
        assert not [one for one in await desk.app.audit.rows() if again.result.task_id in str(one.record)]
        await desk.app.close_pull_request(number)
        closed = await desk.run(calc, "Please make add() add", agent=COMMAND)
        assert f"Pull request #{number} (closed) has exactly this change" in closed.result.reason
        opened = await retried(desk, closed.result.task_id)
        assert opened.result.outcome is OutcomeName.OPENED, "a person was told, and wants it all the same"
        assert opened.result.turns == 0, "no agent worked again"
        assert opened.result.provenance == first.result.provenance, "and whoever said go on has written nothing"


@pytest.mark.acceptance
async def test_row_42_no_more_than_so_many_are_open_and_words_go_on_with_what_was_held(
    tmp_path: Path, calc: Path
) -> None:
    (calc / ".honk.toml").write_text("[pull_requests]\nmost_open = 1\n")
    git(calc, "add", ".honk.toml")
    git(calc, "commit", "-qm", "Few at once")
    async with open_desk(tmp_path / "home", {}, pull_requests={"most_open": 5}) as desk:
        first = await desk.run(calc, agent=COMMAND)
        assert first.result.pull_request is not None
        other = await desk.run(calc, "Write it down", agent=ELSE)
        assert other.result.outcome is OutcomeName.NEEDS_HUMAN
        assert "1 pull request of Honk open here, and no more than 1 may be" in other.result.reason
        still = await retried(desk, other.result.task_id)
        assert still.result.outcome is OutcomeName.NEEDS_HUMAN, "nobody's word lifts the limit"
        await desk.app.close_pull_request(first.result.pull_request.number)
        said = await desk.app.talk.say(await desk.app.task(still.result.task_id), spoken("Eve", "Now."), LIMITS)
        opened = await to_its_end(desk, said.task_id)
        assert opened.result.outcome is OutcomeName.OPENED, opened.result.reason
        assert git(calc, "show", f"{opened.result.branch}:NOTES.md") == "add() adds"

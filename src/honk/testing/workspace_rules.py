"""What every kind of workspaces must hold to: one commit of ours comes out, whatever the agent did to its tree."""

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from honk.base.git import Git
from honk.domain.change import Change, Edit
from honk.domain.task import Person, Repository
from honk.testing.person import PersonRepository
from honk.workspace import CommitMessage, Environment, Source, Template, Workspace, WorkspaceError, Workspaces

MESSAGE = CommitMessage(
    subject="Fix it",
    body="",
    author=Person(name="Ada <x>\n", email="ada@example.org"),
    committer=Person(name="Honk", email="honk@localhost"),
    at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    trailers=(("Honk-Task", "t1\nSigned-off-by: nobody"),),
)


@dataclass(slots=True)
class Blobs:
    """Where diffs and logs go."""

    kept: dict[str, bytes] = field(default_factory=dict)

    async def put(self, key: str, content: bytes) -> str:
        self.kept[key] = content
        return key


@dataclass(frozen=True, slots=True)
class Ground:
    """A person's repository and the workspaces over it."""

    person: PersonRepository
    source: Source
    workspaces: Workspaces
    blobs: Blobs
    repository: Repository
    template: Template
    environment: Environment
    outside: Path
    """A directory beside everything: nothing from inside may show up there."""

    async def after(self, script: str, name: str = "attempt") -> Change | None:
        """What is collected after the agent ran the script."""
        async with self.workspaces.open(self.template, self.environment, name=name) as workspace:
            await sh(workspace, script)
            return await workspace.collect(MESSAGE)

    async def change(self, script: str) -> Change:
        change = await self.after(script)
        assert change is not None
        return change

    def git(self) -> Git:
        return Git(self.workspaces.mirror(self.repository))

    async def is_one_commit_of_ours(self, change: Change) -> None:
        told = await self.git().line("log", "--format=%P|%an|%ae|%cn|%ct|%B", change.head_sha, f"^{change.base_sha}")
        assert told == (
            f"{change.base_sha}|Ada x|ada@example.org|Honk|1767323045|Fix it\n\nHonk-Task: t1 Signed-off-by: nobody"
        )


async def lay(workspaces: Workspaces, source: Source, blobs: Blobs, person: PersonRepository, outside: Path) -> Ground:
    """The ground for one rule."""
    facts = await source.describe(person.root, None)
    repository = Repository(repository_id=facts.repository_id, name=facts.name, location=str(facts.root))
    template = await workspaces.template(repository, facts.base_sha)
    environment = await workspaces.environment(template)
    return Ground(person, source, workspaces, blobs, repository, template, environment, outside)


async def sh(workspace: Workspace, script: str) -> str:
    """What the script prints inside; it must succeed."""
    env = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@a", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@a"}
    done = await workspace.sandbox.run(["/bin/sh", "-ec", script], env=env, timeout_seconds=60)
    return done.must(script).text


async def refusal(act: Awaitable[object]) -> str:
    """The words of the refusal that must come."""
    try:
        await act
    except WorkspaceError as error:
        return str(error)
    raise AssertionError("it was not refused")


async def nothing_changed_is_no_change(ground: Ground) -> None:
    assert (
        await ground.after(
            "git log --oneline | wc -l; touch README.md; rm -rf nothing; git commit -q --allow-empty -m x"
        )
        is None
    )


async def an_edit_is_one_commit_with_its_diff(ground: Ground) -> None:
    change = await ground.change("echo more >> README.md; echo new > 'a b'; rm src/app.py")
    edits = {file.path: (file.edit, file.added_lines, file.deleted_lines) for file in change.files}
    assert edits == {
        "README.md": (Edit.MODIFIED, 1, 0),
        "a b": (Edit.ADDED, 1, 0),
        "src/app.py": (Edit.DELETED, 0, 1),
    }
    assert b"+more\n" in ground.blobs.kept[change.diff_blob]
    await ground.is_one_commit_of_ours(change)
    assert await ground.after("true") == change, "the same tree and message are the same commit"


async def what_the_agent_does_to_git_has_no_say(ground: Ground) -> None:
    edit = "echo more >> README.md"
    expected = await ground.change(edit)
    for number, script in enumerate(
        (
            f"{edit}; git commit -qam one; git commit -q --amend -m two",
            f"{edit}; git checkout -q --orphan other; git commit -qm new; git branch -D work",
            f"{edit}; rm -rf .git",
            f"{edit}; rm -rf .git; echo nonsense > .git",
            f"{edit}; rm -rf .git; ln -s /etc .git",
            f"{edit}; git update-index --assume-unchanged README.md; git update-index --skip-worktree README.md",
            f"{edit}; echo '*' > .git/info/exclude; echo '* -text -diff' > .git/info/attributes",
            f"{edit}; head -c 100 /dev/urandom > .git/index; : > .git/HEAD",
        )
    ):
        assert await ground.after(script, f"attempt-{number}") == expected, script


async def nothing_that_the_agent_configures_runs_outside(ground: Ground) -> None:
    canary = ground.outside / "canary"
    await ground.change(
        f"mkdir -p .git/hooks; for hook in pre-commit post-index-change reference-transaction post-checkout; do "
        f"printf '#!/bin/sh\\ntouch {canary}\\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done; "
        f"git config core.fsmonitor 'touch {canary}'; git config filter.x.clean 'touch {canary}; cat'; "
        f"git config diff.x.textconv 'touch {canary}; cat'; git config core.sshCommand 'touch {canary}'; "
        f"printf '* filter=x diff=x\\n' > .gitattributes; echo more >> README.md"
    )
    assert not canary.exists()


async def names_may_be_anything_that_git_can_hold(ground: Ground) -> None:
    change = await ground.change(
        "printf x > 'with space'; printf x > \"$(printf 'new\\nline')\"; printf x > '\"quoted\"'; printf x > -rf; "
        "printf x > \"$(printf 'caf\\351')\"; printf x > CASE; printf x > case; printf x > ':(top)x'; printf x > '*'"
    )
    assert {file.path for file in change.files} == {
        "with space", "new\nline", '"quoted"', "-rf", "caf\udce9", "CASE", "case", ":(top)x", "*",
    }  # fmt: skip
    tree = ground.workspaces.tree(ground.repository, change.head_sha)
    assert set(await tree.files()) >= {file.path for file in change.files}
    for file in change.files:
        assert await tree.read(file.path) == b"x", file.path
    async with ground.workspaces.clean_room(ground.template, ground.environment, change, name="room") as room:
        assert (await sh(room, "git status --porcelain; cat -- ./-rf ./case")) == "xx"


async def links_modes_and_pipes_are_what_git_says_they_are(ground: Ground) -> None:
    change = await ground.change("ln -s /etc/passwd link; mkfifo pipe; chmod +x README.md; git mv src lib")
    seen = {file.path: (file.edit, file.old_mode, file.new_mode) for file in change.files}
    assert seen == {
        "README.md": (Edit.MODIFIED, "100644", "100755"),
        "lib/app.py": (Edit.RENAMED, "100644", "100644"),
        "link": (Edit.ADDED, "000000", "120000"),
    }
    assert await ground.workspaces.tree(ground.repository, change.head_sha).read("link") is None


async def folders_files_and_links_take_each_other_s_place(ground: Ground) -> None:
    change = await ground.change(
        "rm README.md; mkdir README.md; echo x > README.md/x; mv src/app.py kept; rm -r src; ln -s kept src; touch kept"
    )
    found = await ground.workspaces.tree(ground.repository, change.head_sha).files()
    before = await ground.workspaces.tree(ground.repository, change.base_sha).files()
    assert set(found) == {*before, "README.md/x", "kept", "src"} - {"README.md", "src/app.py"}
    back = await ground.after("rm -r src README.md; mkdir src; cp kept src/app.py; git checkout -q -- . ; rm kept")
    assert back is None


async def as_much_is_seen_of_many_files_as_of_few(ground: Ground) -> None:
    many = "for i in $(seq 400); do echo $i > many$i; done; echo x >> src/app.py; rm README.md"
    change = await ground.change(many)
    assert len(change.files) == 402


async def only_what_is_new_is_taken_out(ground: Ground) -> None:
    async def packed() -> int:
        told = (await ground.git().line("count-objects", "-v")).splitlines()
        return int(dict(line.split(": ") for line in told)["in-pack"])

    await ground.change("echo 1 >> src/app.py")
    before = await packed()
    await ground.change("echo 2 >> src/app.py")
    assert await packed() - before == 3, "the file, its folder, and the tree"


async def ignored_files_stay_behind_unless_the_agent_added_them(ground: Ground) -> None:
    change = await ground.change("echo '*.log' > .gitignore; echo 1 > a.log; echo 2 > b.log; git add -f b.log")
    assert [file.path for file in change.files] == [".gitignore", "b.log"]


async def what_running_the_code_leaves_is_no_change(ground: Ground) -> None:
    assert await ground.after("mkdir -p src/__pycache__; echo x > src/__pycache__/app.pyc; echo x > .coverage") is None


async def half_a_file_of_a_killed_agent_is_no_change(ground: Ground) -> None:
    half = "new.py.tmp.2.de1e39aa7862 src/app.py.tmp.41.0123456789ab"
    assert await ground.after(f"for name in {half}; do echo half > $name; done; git add -N .") is None
    change = await ground.change("echo x > app.tmp.2.short; echo x > app.py.tmp")
    assert [file.path for file in change.files] == ["app.py.tmp", "app.tmp.2.short"]


async def a_file_that_is_too_large_is_refused_by_name_and_kept(ground: Ground) -> None:
    words = await refusal(ground.after("head -c 200000000 /dev/zero > 'big file'"))
    assert "big file is larger than 100 MiB" in words
    async with ground.workspaces.open(ground.template, ground.environment, name="attempt") as workspace:
        assert (await sh(workspace, "stat -c %s 'big file'")).strip() == "200000000"


async def a_repository_inside_is_refused_by_name(ground: Ground) -> None:
    inner = "mkdir inner; cd inner; git init -q; git commit -q --allow-empty -m x"
    assert "inner is a repository inside" in await refusal(ground.after(inner))


async def the_same_name_shows_the_same_files_until_it_is_discarded(ground: Ground) -> None:
    await ground.after("echo mine > kept; echo '*' > .gitignore")
    async with ground.workspaces.open(ground.template, ground.environment, name="attempt") as workspace:
        assert await sh(workspace, "cat kept") == "mine\n"
    await ground.workspaces.discard("attempt")
    await ground.workspaces.discard("attempt")
    async with ground.workspaces.open(ground.template, ground.environment, name="attempt") as workspace:
        assert await sh(workspace, "ls -A") == ".git\nREADME.md\nsrc\n"


async def a_new_one_may_begin_with_what_was_kept_and_puts_it_in_once(ground: Ground) -> None:
    kept = await ground.change("echo more >> README.md; rm src/app.py; echo 1 > new")
    opening = {"name": "onward", "start": kept}
    async with ground.workspaces.open(ground.template, ground.environment, **opening) as workspace:  # type: ignore[arg-type]
        assert await sh(workspace, "cat README.md new; test ! -e src; git status --porcelain") == "# Sample\nmore\n1\n"
        unchanged = await workspace.collect(MESSAGE)
        await sh(workspace, "echo 2 > new; git commit -qam mine; rm README.md")
    assert unchanged is not None
    assert (unchanged.tree_sha, unchanged.base_sha) == (kept.tree_sha, kept.base_sha)
    async with ground.workspaces.open(ground.template, ground.environment, **opening) as workspace:  # type: ignore[arg-type]
        assert await sh(workspace, "cat new; ls") == "2\nnew\n", "what was done since is not undone"
        onward = await workspace.collect(MESSAGE)
    assert onward is not None
    assert {file.path: file.edit for file in onward.files} == {
        "README.md": Edit.DELETED, "new": Edit.ADDED, "src/app.py": Edit.DELETED
    }  # fmt: skip
    await ground.is_one_commit_of_ours(onward)


async def a_clean_room_has_the_change_and_nothing_that_was_hidden(ground: Ground) -> None:
    change = await ground.change(
        "echo hidden > .git/info/exclude; echo 1 > hidden; echo more >> README.md; rm src/app.py"
    )
    async with ground.workspaces.clean_room(ground.template, ground.environment, change, name="room") as room:
        assert await sh(room, "ls; cat README.md; git rev-parse HEAD; git status --porcelain") == (
            f"README.md\nhidden\n# Sample\nmore\n{change.head_sha}\n"
        )
    async with ground.workspaces.clean_room(ground.template, ground.environment, None, name="room") as room:
        assert await sh(room, "cat README.md; git rev-parse HEAD; ls -A $HONK_WORKSPACE") == (
            f"# Sample\n{change.base_sha}\n.git\nREADME.md\nsrc\n"
        )
        assert not room.sandbox.listeners


async def a_change_reaches_the_person_as_a_branch(ground: Ground) -> None:
    change = await ground.change("echo more >> README.md")
    with tempfile.TemporaryFile() as pack:
        await ground.workspaces.pack(ground.repository, change.head_sha, [change.base_sha], pack)
        await ground.source.import_branch(ground.person.root, "honk/x-1", change.head_sha, pack)
    assert await ground.person.git("show", "honk/x-1:README.md") == "# Sample\nmore"


async def the_person_s_checkout_is_left_byte_for_byte(ground: Ground) -> None:
    (ground.person.root / "README.md").write_text("half done\n")
    (ground.person.root / "untracked").write_text("mine\n")
    before = ground.person.fingerprint()
    await ground.source.describe(ground.person.root, None)
    await ground.change("echo more >> README.md; rm -rf src")
    assert ground.person.fingerprint() == before


async def other_tasks_work_is_not_in_a_template(ground: Ground) -> None:
    change = await ground.change("echo secret > plan.txt")
    async with ground.workspaces.open(ground.template, ground.environment, name="other") as workspace:
        done = await workspace.sandbox.run(["git", "cat-file", "-e", change.head_sha], timeout_seconds=20)
    assert done.exit_code != 0


async def a_change_is_merged_into_a_base_that_moved(ground: Ground) -> None:
    change = await ground.change("echo more >> README.md")
    moved = await ground.person.commit({"src/app.py": "print('moved')\n"}, "Moved")

    async def give(have: Sequence[str], pack: BinaryIO) -> None:
        await ground.source.export(ground.person.root, moved, have, pack)

    async def merged(base_sha: str) -> Change | None:
        return await ground.workspaces.merged(ground.repository, base_sha, change.head_sha, give, MESSAGE)

    found = await merged(moved)
    assert found is not None
    assert found == await merged(moved), "again, it is the same"
    assert (found.base_sha, [file.path for file in found.files]) == (moved, ["README.md"])
    template = await ground.workspaces.template(ground.repository, moved)
    environment = await ground.workspaces.environment(template)
    async with ground.workspaces.clean_room(template, environment, found, name="room") as room:
        assert await sh(room, "cat src/app.py README.md") == "print('moved')\n# Sample\nmore\n"
    moved = await ground.person.commit({"README.md": "# Other\n"}, "Moved again")
    assert await merged(moved) is None, "they conflict"


WORKSPACE_RULES: tuple[Callable[[Ground], Awaitable[None]], ...] = (
    nothing_changed_is_no_change,
    an_edit_is_one_commit_with_its_diff,
    what_the_agent_does_to_git_has_no_say,
    nothing_that_the_agent_configures_runs_outside,
    names_may_be_anything_that_git_can_hold,
    links_modes_and_pipes_are_what_git_says_they_are,
    folders_files_and_links_take_each_other_s_place,
    as_much_is_seen_of_many_files_as_of_few,
    only_what_is_new_is_taken_out,
    ignored_files_stay_behind_unless_the_agent_added_them,
    what_running_the_code_leaves_is_no_change,
    half_a_file_of_a_killed_agent_is_no_change,
    a_file_that_is_too_large_is_refused_by_name_and_kept,
    a_repository_inside_is_refused_by_name,
    the_same_name_shows_the_same_files_until_it_is_discarded,
    a_new_one_may_begin_with_what_was_kept_and_puts_it_in_once,
    a_clean_room_has_the_change_and_nothing_that_was_hidden,
    a_change_reaches_the_person_as_a_branch,
    the_person_s_checkout_is_left_byte_for_byte,
    other_tasks_work_is_not_in_a_template,
    a_change_is_merged_into_a_base_that_moved,
)

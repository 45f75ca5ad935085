"""Makes the commits of a change in our mirror: one of what was collected, and the one that ships."""

from dataclasses import replace
from pathlib import Path

from honk.base.git import Git
from honk.base.signing import Signer, commit_body, signed, without_signature
from honk.domain.change import Change
from honk.domain.task import Person
from honk.workspace import CommitMessage
from honk.workspace.changed import identity, message_text


def private_ref(name: str) -> str:
    """What keeps the change of the workspace of this name in our mirror."""
    return f"refs/honk/task/{name}"


async def commit_tree(git: Git, tree: str, parent: str, message: CommitMessage) -> str:
    """The commit of these words; the same for the same words."""
    text = message_text(message).encode("utf-8", "replace")
    made = await git("commit-tree", tree, "-p", parent, stdin=text, env=identity(message))
    return made.must("git commit-tree").text.strip()


async def keep_commit(mirror: Path, name: str, sha: str) -> None:
    """Keep a commit that is in the mirror, as the one of this workspace."""
    (await Git(mirror)("update-ref", private_ref(name), sha)).must("git update-ref")


async def seal(mirror: Path, name: str, change: Change, message: CommitMessage, signer: Signer | None) -> Change:
    """The change as it ships: the same tree over its base, or over the head it goes on with, with words that were not
    known before, and signed.

    Sealed again, also after a crash, it is the same commit, though no two signatures of some keys are. `mirror` is
    `Workspaces.mirror`, `name` the workspace's.

    Raises:
        SigningError: the key cannot be used; the collected commit is kept.
    """
    git, ref = Git(mirror), private_ref(name)
    plain = await commit_tree(git, change.tree_sha, change.parent_sha or change.base_sha, message)
    kept = await git.line("rev-parse", "--verify", f"{ref}^{{commit}}")
    body = await commit_body(git, kept)
    unsigned = without_signature(body)
    if unsigned == await commit_body(git, plain) and (signer is None) == (unsigned == body):
        return replace(change, head_sha=kept)
    head = await signed(git, plain, signer)
    (await git("update-ref", ref, head)).must("git update-ref")
    return replace(change, head_sha=head)


async def authors_between(mirror: Path, base_sha: str, sha: str) -> tuple[Person, ...]:
    """Who wrote and who made the commits behind the base, as those say; nobody where the mirror no longer has them."""
    done = await Git(mirror)("log", "--no-show-signature", "--format=%an%x00%ae%n%cn%x00%ce", f"{base_sha}..{sha}")
    lines = (line.partition("\0") for line in done.text.splitlines() if done.exit_code == 0)
    return tuple(dict.fromkeys(Person(name=name, email=email) for name, _, email in lines))

"""In whose name a task's commits are made, what stands on them, and whether they can be signed."""

from collections.abc import Sequence

from honk.base.errors import UsageError
from honk.domain.commit_text import Trailers, origin, proof, sign_off
from honk.domain.evidence import Examination, Verdict
from honk.domain.provenance import Share, share_trailers
from honk.domain.task import Brief, Task, subject_of
from honk.verifier.honk_toml import PATH, HonkToml, HonkTomlError, parse
from honk.workflows.house import House
from honk.workspace import CommitMessage, Tree


async def refuse_unsignable(house: House) -> None:
    """Raises:
    SigningError: commits are to be signed, and the key cannot be used now.
    """
    if house.signer is not None:
        await house.signer.check()


async def refuse_unsigned(house: House, base: Tree) -> None:
    """Raises:
    UsageError: the repository wants its commits signed, and the installation signs none.
    """
    if house.signer is None and (await _wanted(base)).signed:
        raise UsageError(
            f"{PATH} of this repository wants signed commits, and Honk has no signing key. No agent was started. Set "
            "identity.signing and identity.signing_key in honk.toml, then ask again."
        )


async def is_signed_off(house: House, task: Task) -> bool:
    """The installation's word, or the repository's."""
    base = house.workspaces.tree(task.repository, task.base_sha)
    return house.identity.is_signed_off or (await _wanted(base)).signed_off


async def _wanted(base: Tree) -> HonkToml:
    """What the base asks for. A file that cannot be read asks for nothing: the gate names it, and proves nothing."""
    try:
        return parse(await base.read(PATH))
    except HonkTomlError:
        return HonkToml()


def collected_message(house: House, task: Task, brief: Brief) -> CommitMessage:
    """The words on what an attempt left."""
    return _message(house, task, origin(task, brief))


async def sealed_message(
    house: House,
    task: Task,
    brief: Brief,
    examination: Examination,
    verdict: Verdict | None,
    shares: Sequence[Share] = (),
) -> CommitMessage:
    """The words on what ships."""
    last = sign_off(house.identity.author_of(task)) if await is_signed_off(house, task) else ()
    return _message(house, task, (*origin(task, brief), *proof(examination, verdict), *share_trailers(shares), *last))


def _message(house: House, task: Task, trailers: Trailers) -> CommitMessage:
    return CommitMessage(
        subject=subject_of(task.prompt),
        body="",
        author=house.identity.author_of(task),
        committer=house.identity.committer,
        at=task.created_at,
        trailers=trailers,
    )

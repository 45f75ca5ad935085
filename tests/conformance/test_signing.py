"""Signing with the real ssh-keygen and gpg: git says that the signature is good, and nobody is ever asked."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from honk.base.git import Git, init_bare
from honk.base.signing import Signer, SigningError, commit_body, signed, without_signature
from honk.domain.change import Change
from honk.domain.task import Person
from honk.workspace import CommitMessage
from honk.workspace.committing import commit_tree, private_ref, seal

pytestmark = pytest.mark.anyio
NAMED = ("unshare", "-r")
"""ssh-keygen works for no uid without an account, and tests may have such a one."""
ADA = Person(name="Ada", email="ada@example.org")
MESSAGE = CommitMessage(
    subject="Mend it", body="", author=ADA, committer=ADA, at=datetime(2026, 1, 1, tzinfo=UTC), trailers=(("A-B", "c"),)
)


def ssh_key(path: Path, passphrase: str = "") -> Signer:
    subprocess.run(
        ["unshare", "-r", "ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True
    )
    return Signer("ssh", str(path))


@pytest.fixture
def gnupg(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A key ring of its own; its path is short, for sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="g-", dir="/tmp") as folder:
        monkeypatch.setenv("GNUPGHOME", folder)
        yield Path(folder)
        subprocess.run(["gpgconf", "--kill", "all"], check=False)


def gpg_key(passphrase: str = "") -> Signer:
    words = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", passphrase]
    subprocess.run(
        ["gpg", *words, "--quick-gen-key", "Honk <honk@example.org>", "ed25519", "sign"],
        check=True,
        capture_output=True,
    )
    return Signer("gpg", "honk@example.org")


async def a_commit(folder: Path) -> tuple[Git, str, Change]:
    git = await init_bare(folder / "work.git")
    blob = (await git("hash-object", "-w", "--stdin", stdin=b"x\n")).text.strip()
    trees = [
        (await git("mktree", stdin=f"100644 blob {blob}\t{name}\n".encode())).text.strip() for name in ("base", "head")
    ]
    base = await commit_tree(git, trees[0], (await root(git, trees[0])), MESSAGE)
    head = await commit_tree(git, trees[1], base, MESSAGE)
    await git("update-ref", private_ref("t-1"), head)
    change = Change(base_sha=base, head_sha=head, tree_sha=trees[1], files=(), diff_blob="d", diff_bytes=1)
    return git, head, change


async def root(git: Git, tree: str) -> str:
    who = {f"GIT_{role}_{part}": "a@a" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return await git.line("commit-tree", tree, "-m", "root", env=who)


async def is_good(git: Git, commit: str, folder: Path, signer: Signer, gnupg: str = "") -> bool:
    options: tuple[str, ...] = ()
    if signer.kind == "ssh":
        allowed = folder / "allowed"
        allowed.write_text(f"ada@example.org {Path(signer.key + '.pub').read_text()}")
        program = folder / "keygen"
        program.write_text('#!/bin/sh\nexec unshare -r ssh-keygen "$@"\n')
        program.chmod(0o755)
        options = ("-c", f"gpg.ssh.program={program}", "-c", f"gpg.ssh.allowedSignersFile={allowed}")
    return (await git(*options, "verify-commit", commit, env={"GNUPGHOME": gnupg})).exit_code == 0


async def test_git_finds_the_signature_of_an_ssh_key_good_and_that_of_a_changed_commit_bad(tmp_path: Path) -> None:
    git, head, _ = await a_commit(tmp_path)
    signer = ssh_key(tmp_path / "key")
    made = await signed(git, head, signer)
    assert await is_good(git, made, tmp_path, signer)
    assert not await is_good(git, head, tmp_path, signer), "it is not signed"
    assert without_signature(await commit_body(git, made)) == await commit_body(git, head)
    forged = (await commit_body(git, made)).replace(b"Mend it", b"Rend it")
    other = (await git("hash-object", "-t", "commit", "-w", "--stdin", stdin=forged)).text.strip()
    assert not await is_good(git, other, tmp_path, signer)
    assert (await git("fsck", "--strict")).exit_code == 0


async def test_git_finds_the_signature_of_a_gpg_key_good(tmp_path: Path, gnupg: Path) -> None:
    git, head, change = await a_commit(tmp_path)
    signer = gpg_key()
    made = await signed(git, head, signer)
    assert await is_good(git, made, tmp_path, signer, str(gnupg))
    sealed = [await seal(git.git_dir, "t-1", change, MESSAGE, signer)]
    time.sleep(1.1)  # a signature holds its second; what is sealed again must not be another commit for it
    sealed.append(await seal(git.git_dir, "t-1", change, MESSAGE, signer))
    assert sealed[0] == sealed[1]
    assert await is_good(git, sealed[0].head_sha, tmp_path, signer, str(gnupg))


@pytest.mark.parametrize("is_signed", [False, True])
async def test_what_is_sealed_has_the_verified_tree_and_the_last_words_and_is_the_same_again(
    tmp_path: Path, *, is_signed: bool
) -> None:
    git, head, change = await a_commit(tmp_path)
    signer = ssh_key(tmp_path / "key") if is_signed else None
    message = replace(MESSAGE, trailers=(*MESSAGE.trailers, ("Honk-Verification", "passed")))
    sealed = await seal(git.git_dir, "t-1", change, message, signer)
    assert sealed.head_sha != head
    assert replace(sealed, head_sha=head) == change
    assert await git.line("rev-parse", f"{sealed.head_sha}^{{tree}}") == change.tree_sha
    assert await git.line("rev-parse", f"{sealed.head_sha}^") == change.base_sha
    assert await git.line("rev-parse", private_ref("t-1")) == sealed.head_sha
    assert await seal(git.git_dir, "t-1", change, message, signer) == sealed
    assert "Honk-Verification: passed" in await git.line("log", "-1", "--format=%(trailers)", sealed.head_sha)


async def test_a_key_that_was_set_later_signs_what_was_sealed_without(tmp_path: Path) -> None:
    git, _, change = await a_commit(tmp_path)
    bare = await seal(git.git_dir, "t-1", change, MESSAGE, None)
    signer = ssh_key(tmp_path / "key")
    sealed = await seal(git.git_dir, "t-1", change, MESSAGE, signer)
    assert sealed.head_sha != bare.head_sha
    assert await is_good(git, sealed.head_sha, tmp_path, signer)


async def test_a_key_that_cannot_be_used_is_refused_at_once_with_what_to_do(tmp_path: Path) -> None:
    locked = ssh_key(tmp_path / "locked", "secret")
    loose = ssh_key(tmp_path / "loose")
    Path(loose.key).chmod(0o644)
    (tmp_path / "garbage").write_text("no key")
    for signer in (locked, loose, Signer("ssh", str(tmp_path / "absent")), Signer("ssh", str(tmp_path / "garbage"))):
        begun = time.monotonic()
        with pytest.raises(SigningError, match=r"signing_key in honk\.toml to a private key without a passphrase"):
            await signer.check()
        assert time.monotonic() - begun < 15


async def test_a_gpg_key_that_is_locked_or_absent_is_refused_and_no_window_opens(gnupg: Path) -> None:
    signer = gpg_key("secret")
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True)  # which remembers the passphrase
    for one in (signer, Signer("gpg", "nobody@example.org")):
        with pytest.raises(SigningError, match="gpg --list-secret-keys"):
            await one.check()
    assert gnupg.exists()

"""Signs commits with a key of the control plane. Nobody is asked for a passphrase, and nobody waits for one."""

import asyncio
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from honk.base.errors import UsageError
from honk.base.git import Git
from honk.base.subprocess import ProgramError, run

SIGN_SECONDS = 20.0
_END_OF_HEADERS = b"\n\n"
_OWN = ("HOME", "GNUPGHOME", "SSH_AUTH_SOCK")
"""Where the programs find keys and the agents that hold unlocked ones."""


class SigningError(UsageError):
    """The key cannot be used; says what to do."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and the program that signs with it: "ssh" (ssh-keygen) or "gpg"."""

    kind: str
    key: str
    """The private key's file, or its public one where an agent holds it; of gpg a fingerprint, an id or an address."""

    async def sign(self, payload: bytes) -> bytes:
        """An armoured signature of the bytes, as git keeps it.

        Raises:
            SigningError: the program or the key is missing, locked or broken.
        """
        if self.kind == "ssh" and not await asyncio.to_thread(Path(self.key).is_file):
            raise SigningError(f"The signing key {self.key} is not there. {_REMEDIES['ssh']}")
        try:
            done = await run(
                _ARGV[self.kind](self.key), env=_environment(), stdin=payload, timeout_seconds=SIGN_SECONDS
            )
        except ProgramError as error:
            raise SigningError(f"Commits are to be signed, and {error}. {_REMEDIES[self.kind]}") from error
        if done.exit_code != 0 or done.timed_out or b"-----BEGIN" not in done.stdout:
            words = "it took too long" if done.timed_out else done.stderr.decode("utf-8", "replace").strip()[-500:]
            raise SigningError(
                f"The signing key {self.key} cannot be used: {words or 'no words'}. {_REMEDIES[self.kind]}"
            )
        return done.stdout

    async def check(self) -> None:
        """Sign something, to see whether it can be done now.

        Raises:
            SigningError: it cannot.
        """
        await self.sign(b"Whether the key can be used\n")


async def signed(git: Git, commit: str, signer: Signer | None) -> str:
    """The same commit with a signature, beside it in the repository; itself where there is no signer.

    Raises:
        SigningError: the key cannot be used; no commit was made.
    """
    if signer is None:
        return commit
    body = await commit_body(git, commit)
    signature = (await signer.sign(body)).strip().replace(b"\n", b"\n ")
    headers, end, message = body.partition(_END_OF_HEADERS)
    whole = headers + b"\ngpgsig " + signature + end + message
    made = await git("hash-object", "-t", "commit", "-w", "--stdin", stdin=whole)
    return made.must("git hash-object").text.strip()


async def commit_body(git: Git, commit: str) -> bytes:
    """The commit as git keeps it."""
    return (await git("cat-file", "commit", commit)).must("git cat-file").stdout


def without_signature(body: bytes) -> bytes:
    """What `signed` signed."""
    headers, end, message = body.partition(_END_OF_HEADERS)
    kept, is_signature = [], False
    for line in headers.split(b"\n"):
        is_signature = line.startswith(b"gpgsig ") or (is_signature and line.startswith(b" "))
        if not is_signature:
            kept.append(line)
    return b"\n".join(kept) + end + message


def _ssh(key: str) -> list[str]:
    return [*_named(), "ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", key]


def _named() -> list[str]:
    """ssh-keygen works for no uid without an account, and Honk has such a one when root starts it: there it runs in a
    user namespace of its own, in which we have a name.
    """
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return ["unshare", "--user", "--map-root-user"]
    return []


def _gpg(key: str) -> list[str]:
    # What must not be asked for is an error, also where an agent of the person's could open a window.
    return ["gpg", "--batch", "--no-tty", "--quiet", "--pinentry-mode", "error", "--local-user", key, "-bsa"]


_ARGV = {"ssh": _ssh, "gpg": _gpg}
_REMEDIES = {
    "ssh": (
        "Set identity.signing_key in honk.toml to a private key without a passphrase that only this user may read "
        "(ssh-keygen -t ed25519 -N '' -f FILE), or to the public key of one that ssh-agent holds; or set "
        'identity.signing = "off".'
    ),
    "gpg": (
        "Look for the key with gpg --list-secret-keys, and unlock it once (echo | gpg -bsa --local-user KEY), or use "
        'one without a passphrase; or set identity.signing = "off" in honk.toml.'
    ),
}


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _OWN if name in os.environ}
    return {**kept, "SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "force"}

"""Where secrets are fetched from, and what is said where they are not there."""

from pathlib import Path

import pytest

from honk.deploy import DeployError
from honk.deploy.secrets import SecretShelf

pytestmark = pytest.mark.anyio


async def test_of_the_environment_only_what_is_named_is_known(tmp_path: Path) -> None:
    shelf = SecretShelf(tmp_path, ["env:T", "file:t"], {"T": "of-the-environment", "OTHER": "x"})
    assert await shelf.read("TOKEN", "env:T") == "of-the-environment"
    assert await shelf.read("TOKEN", "env:T") == "of-the-environment"
    with pytest.raises(DeployError, match="empty or not set"):
        await shelf.read("TOKEN", "env:OTHER")


async def test_a_file_must_be_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "t"
    path.parent.mkdir()
    path.write_text("of-a-file\n")
    path.chmod(0o640)
    shelf = SecretShelf(tmp_path, [], {})
    with pytest.raises(DeployError, match="chmod 600"):
        await shelf.read("TOKEN", "file:secrets/t")
    path.chmod(0o600)
    assert await shelf.read("TOKEN", "file:secrets/t") == "of-a-file"
    assert await shelf.read("TOKEN", f"file:{path}") == "of-a-file"
    with pytest.raises(DeployError, match="cannot be read"):
        await shelf.read("TOKEN", "file:none")


async def test_a_program_gives_one_and_its_failure_says_nothing_of_it(tmp_path: Path) -> None:
    shelf = SecretShelf(tmp_path, [], {})
    assert await shelf.read("TOKEN", "command:echo of-a-program") == "of-a-program"
    with pytest.raises(DeployError, match="exit code 3") as refused:
        await shelf.read("TOKEN", "command:sh -c 'echo half-a-secret; exit 3'")
    assert "half-a-secret" not in str(refused.value)
    for reference in ("command:/no/such/program", "command:'", "vault:x", "command:true"):
        with pytest.raises(DeployError):
            await shelf.read("TOKEN", reference)

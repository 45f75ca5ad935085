"""The command gets what it was granted; its log has no secret in it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from honk.deploy import DeployError, Errand, Furnishing
from honk.deploy.sandboxed import SandboxedDeployer, censor_of
from honk.testing.rooms import DirectorySandbox

pytestmark = pytest.mark.anyio
SECRET = "s3cret-value/of deploys"


class Kept:
    """Blobs in memory, and rooms that are directories."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs: dict[str, bytes] = {}
        self.asked: list[Furnishing] = []
        self.closed = 0

    async def put(self, key: str, data: bytes) -> str:
        self.blobs[key] = data
        return key

    @asynccontextmanager
    async def room(self, furnishing: Furnishing) -> AsyncIterator[DirectorySandbox]:
        self.asked.append(furnishing)
        try:
            yield DirectorySandbox(self.folder)
        finally:
            self.closed += 1


async def test_the_log_holds_both_streams_and_no_secret(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    told = 'echo "a $TOKEN"; echo "b $STAGE" >&2; printf %s "$TOKEN" | base64; exit 3'
    errand = Errand(name="one", command=told, timeout_seconds=20, env={"STAGE": "live"}, secrets={"TOKEN": SECRET})
    done = await SandboxedDeployer(kept.put).run(errand, kept.room)
    assert done.exit_code == 3
    assert done.log_blob == "deployments/one.log"
    assert kept.blobs["deployments/one.log"] == b"a [censored]\nb live\n[censored]\n"
    assert SECRET not in repr(errand)
    assert kept.closed == 1
    assert kept.asked[0].ports == ()


@pytest.mark.parametrize("before", ["", "u:", "me:", "you:", "Bearer "])
@pytest.mark.parametrize("behind", ["", "x", "\n", "abc"])
@pytest.mark.parametrize("secret", ['?>s3cret"va~ue/of\\ deploys', "ünsäglich geheim", "eight888"])
def test_a_secret_is_found_in_what_programs_print(before: str, behind: str, secret: str) -> None:
    whole = f"{before}{secret}{behind}".encode()
    clean = censor_of((secret,)).clean
    for text in (base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode(), whole.hex()):
        left = clean(f"header {text} end")
        assert "[censored]" in left
        assert len(left) <= len("header [censored] end") + (len(before) + len(behind)) * 2 + 8
    for text in (json.dumps({"a": before + secret}), quote(before + secret)):
        assert "[censored]" in clean(text)


async def test_what_hangs_is_ended_at_its_limit(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    errand = Errand(name="one", command="echo begun; sleep 60", timeout_seconds=0.2)
    done = await SandboxedDeployer(kept.put).run(errand, kept.room)
    assert done.timed_out
    assert not done.is_good
    assert kept.blobs["deployments/one.log"] == b"begun\n"


async def test_what_is_cancelled_is_gone(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    errand = Errand(name="one", command="touch begun; sleep 60; touch ended", timeout_seconds=90)
    running = asyncio.create_task(SandboxedDeployer(kept.put).run(errand, kept.room))
    while not (tmp_path / "begun").exists():
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert kept.closed == 1
    assert not kept.blobs


async def test_granted_folders_are_shown_where_they_are_to_be_written(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    errand = Errand(name="one", command="true", timeout_seconds=20, folders=(tmp_path,))
    await SandboxedDeployer(kept.put).run(errand, kept.room)
    (mount,) = kept.asked[0].mounts
    assert (mount.source, mount.target, mount.is_writable) == (tmp_path, str(tmp_path), True)


async def test_nothing_is_run_where_a_folder_is_gone_or_a_secret_cannot_be_struck_out(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    deployer = SandboxedDeployer(kept.put)
    with pytest.raises(DeployError, match="is not there"):
        await deployer.run(Errand(name="one", command="true", timeout_seconds=1, folders=(tmp_path / "no",)), kept.room)
    with pytest.raises(DeployError, match="fewer than 8"):
        await deployer.run(Errand(name="one", command="true", timeout_seconds=1, secrets={"PIN": "1234"}), kept.room)
    assert kept.asked == []

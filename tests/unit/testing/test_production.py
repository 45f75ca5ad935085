"""The demo's production takes what is released with its key, and is ill of what only its own data breaks."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.sample.production import Production
from honk.testing.sample.repository import create_sample

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
FIRST, SECOND = "a" * 40, "b" * 40


@pytest.fixture
async def sample(tmp_path: Path) -> Path:
    await create_sample(tmp_path / "tonearm")
    return tmp_path / "tonearm"


@pytest.fixture
async def production(tmp_path: Path, sample: Path) -> AsyncIterator[Production]:
    shipped = json.loads((sample / "tonearm" / "library.json").read_text())
    async with Production(tmp_path / "production", BubblewrapBackend(), shipped) as running:
        yield running


async def release(sample: Path, production: Production, commit: str, *words: str, key: str | None = None) -> bool:
    """As Honk's sandbox would: with nothing but what was granted."""
    env = {"HONK_DEPLOY_URL": production.url, "HONK_COMMIT": commit, "TONEARM_KEY": key or production.key}
    made = await asyncio.create_subprocess_exec(
        sys.executable, "release.py", *words, cwd=sample, env=env, stderr=asyncio.subprocess.DEVNULL
    )
    return await made.wait() == 0


async def health(production: Production) -> int:
    async with aiohttp.ClientSession() as anybody, anybody.get(f"{production.url}/health") as answer:
        return answer.status


async def test_what_every_test_lets_pass_is_ill_there_and_well_after_the_way_back(
    sample: Path, production: Production
) -> None:
    assert await health(production) == 503, "nothing runs before the first release"
    assert await release(sample, production, FIRST)
    assert (await health(production), production.current) == (200, FIRST)
    pages = sample / "tonearm" / "pages.py"
    pages.write_text(pages.read_text().replace("escape(playlist.owner)", "escape(playlist.owner[0].upper())"))
    assert await release(sample, production, SECOND)
    assert (await health(production), production.current) == (500, SECOND)
    assert await release(sample, production, FIRST, "--back")
    assert (await health(production), production.current) == (200, FIRST)


async def test_another_key_and_an_unknown_release_change_nothing(sample: Path, production: Production) -> None:
    assert not await release(sample, production, FIRST, key="another")
    assert not await release(sample, production, FIRST, "--back")
    assert production.current is None

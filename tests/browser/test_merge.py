"""A merge as people tap it, on a phone: a real Chromium, a real server; the agent does what the request says."""

from pathlib import Path

import pytest
from desk import CALC, make_repository
from page import SIZES, chromium, faults_of, looking, owner_of, shot
from playwright.async_api import expect
from server import serving
from test_ship import DOES_AS_ASKED, FIX, TOUCHES_CI

expect.set_options(timeout=30_000)
pytestmark = [pytest.mark.browser, pytest.mark.anyio]
PAIR = {**CALC, ".honk.toml": "[merge]\nsecond_person = true\n", "CODEOWNERS": "* bob@example.org\n"}


async def test_a_person_sees_what_would_merge_and_one_tap_merges_it(tmp_path: Path) -> None:
    calc, pair = make_repository(tmp_path / "calc", CALC), make_repository(tmp_path / "pair", PAIR)
    async with serving(tmp_path / "home", {}, calc, pair, HONK_AGENT=DOES_AS_ASKED) as server, chromium() as browser:
        await server.honk("people", "add", "bob@example.org", "--name", "Bob")
        await server.honk("people", "grant", "bob@example.org", "approver")
        state = owner_of(server)
        plain = await server.ask(f"Make add() add\n\n{FIX}", repository="calc")
        guarded = await server.ask(f"Make add() add, and run it in CI\n\n{FIX}\n{TOUCHES_CI}", repository="pair")
        for task_id in (plain, guarded):
            await server.follow(task_id)
        for size in SIZES:
            async with looking(browser, server.url, state, size=size) as eyes:
                for name, task_id in (("plain", plain), ("guarded", guarded)):
                    page = await eyes.open(f"/tasks/{task_id}/ship")
                    for scheme in ("light", "dark"):
                        await page.emulate_media(color_scheme=scheme)
                        assert await faults_of(page) == []
                        await shot(page, f"ship-{name}-{size}-{scheme}")
                assert eyes.faults == []
        async with looking(browser, server.url, state, size="phone", still=False) as eyes:
            page = await eyes.open(f"/tasks/{guarded}")
            await page.get_by_role("link", name="then merge").tap()
            await page.get_by_label("Say why it may merge").fill("I looked: it runs the tests, no more.")
            await page.get_by_role("button", name="Say yes to").tap()
            await expect(page.locator("#ship")).to_contain_text("It merges with the yes of Bob")
            assert await faults_of(page) == []
            await shot(page, "task-armed-phone")
            board = await eyes.open("/")
            await expect(board.locator("#lane-others")).to_contain_text("waits for the yes of Bob")
            await shot(board, "board-armed-phone")
            await page.get_by_role("link", name="Say yes, or take it back").tap()
            await page.get_by_role("button", name="Take my yes back").tap()
            await expect(page.locator("#ship")).to_contain_text("took it back")
            page = await eyes.open(f"/tasks/{plain}")
            await page.get_by_role("link", name="Merge #").tap()
            await page.get_by_role("button", name="Merge").tap()
            await expect(page.locator("#ship")).to_contain_text("merged as")
            assert await faults_of(page) == []
            await shot(page, "task-merged-phone")
            assert eyes.faults == []

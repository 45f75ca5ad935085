"""Production as people see it: what was deployed, what failed, and the undo that asks first."""

import json
from pathlib import Path

import pytest
from desk import OLD, RIGHT, WRONG
from live import production
from page import SIZES, chromium, faults_of, looking, owner_of, shot
from playwright.async_api import expect
from server import rows, serving
from test_deploy import bare
from test_deploy_deaths import is_over, tap
from test_ship import DOES_AS_ASKED

expect.set_options(timeout=30_000)
pytestmark = [pytest.mark.browser, pytest.mark.anyio]


async def test_what_failed_in_production_is_undone_by_two_taps_on_a_phone(tmp_path: Path) -> None:
    home = tmp_path / "honk"
    async with production(tmp_path / "live") as live, chromium() as browser:
        repo = bare(tmp_path, live.calc(more='migrations = ["calc.py"]'))
        live.keep_secret(home)
        settings = {"HONK_DEPLOY": json.dumps(live.settings()), "HONK_AGENT": DOES_AS_ASKED}
        async with serving(home, {}, repo, **settings) as server:
            state = owner_of(server)

            async def opened(old: str, new: str) -> tuple[str, str]:
                task_id = await server.ask(f"Change add()\n\nRUN: sed -i 's/{old}/{new}/' calc.py")
                await server.follow(task_id)
                [(head,)] = rows(home, "select head_sha from honk_pull_request where task_id = ?", task_id)
                return task_id, head

            first, head = await opened(OLD, RIGHT)
            await tap(server, f"/tasks/{first}/ship", head_sha=head, sentence="I looked at it.")
            async with looking(browser, server.url, state, size="phone") as eyes:
                page = await eyes.open(f"/tasks/{first}")
                await expect(page.locator("#delivery .badge", has_text="deployed")).to_be_visible()
                await page.locator("#delivery").scroll_into_view_if_needed()
                await shot(page, "deployed-phone")
                assert await faults_of(page) == []
                bad, head = await opened(RIGHT, WRONG)
                await page.goto(f"/tasks/{bad}/ship")
                await expect(page.get_by_text("no undo restores data")).to_be_visible()
                await shot(page, "ship-migration-phone")
                await page.locator("textarea").fill("I looked at it.")
                await page.locator("button.main-action").click()
                await expect(page.locator("#delivery .badge", has_text="deployment failed")).to_be_visible()
                await shot(page, "failed-phone")
                await page.get_by_role("link", name="Undo", exact=True).click()
                await expect(page.get_by_role("heading", name="Undo #2")).to_be_visible()
                assert await faults_of(page) == []
                await shot(page, "undo-phone")
                await page.get_by_role("button", name="Undo").click()
                await expect(page.locator("#delivery .badge", has_text="undone")).to_be_visible()
                await expect(page.locator("#delivery .badge", has_text="rolled back")).to_be_visible()
                assert await faults_of(page) == []
                await shot(page, "undone-phone")
                await page.get_by_role("link", name="See the reverse change").click()
                await expect(page.get_by_role("heading", name="Undo pull request 2")).to_be_visible()
                assert eyes.faults == []
            assert is_over(home, bad)
            for size in SIZES:
                async with looking(browser, server.url, state, size=size, dark=True) as eyes:
                    page = await eyes.open(f"/tasks/{bad}")
                    await expect(page.locator("#delivery .badge", has_text="undone")).to_be_visible()
                    assert await faults_of(page) == []
                    await shot(page, f"undone-{size}-dark")

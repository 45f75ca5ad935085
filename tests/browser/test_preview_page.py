"""A preview as people open it: from the task's page on a phone to the changed app, on a host of its own."""

from pathlib import Path

import pytest
from desk import make_repository
from page import chromium, looking, owner_of, shot
from playwright.async_api import expect
from server import rows, serving, until
from test_preview import SEND, SITE

expect.set_options(timeout=30_000)
pytestmark = [pytest.mark.browser, pytest.mark.anyio]
PAGES = {
    **SITE,
    "page.html": (
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Songs</title>'
        "<style>body{font:18px system-ui;margin:2rem}</style><h1>Old songs</h1><ol><li>Maple Leaf Rag</ol>\n"
    ),
}


async def test_row_19_the_link_on_the_phone_opens_the_changed_app(tmp_path: Path) -> None:
    site = make_repository(tmp_path / "site", PAGES)
    home = tmp_path / "home"
    async with serving(home, {}, site, HONK_AGENT=SEND) as server, chromium() as browser:
        task_id = await server.ask("Show new songs")
        await server.follow(task_id)
        async with looking(browser, server.url, owner_of(server), size="phone") as eyes:
            page = await eyes.open(f"/tasks/{task_id}")
            await expect(page.locator("#preview .badge")).to_contain_text("is up")
            async with eyes.context.expect_page() as opening:
                await page.get_by_role("link", name="Open the preview").tap()
            preview = await opening.value
            await expect(preview.get_by_role("heading", name="New songs")).to_be_visible()
            assert ".localhost:" in preview.url
            assert await preview.evaluate("document.cookie") == "", "the pass is nothing to the page"
            await shot(preview, "preview-app-phone", whole=False)
            await until(lambda: "previews/" in str(rows(home, "select body from honk_preview")), 60)
            await expect(page.locator("#preview .pictures img")).to_have_count(2)
            await page.locator("#preview .pictures img").last.scroll_into_view_if_needed()
            loaded = "document.querySelectorAll('#preview .pictures img')[1].naturalWidth"
            await page.wait_for_function(f"{loaded} > 0")
            assert await page.evaluate(loaded) == 780
            await page.get_by_text("On the phone").tap()
            await shot(page, "preview-panel-phone")
            assert eyes.faults == []

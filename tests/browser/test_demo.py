"""The demo, played by somebody on a phone: every yes is a tap in the console, and the preview opens there."""

import re
import signal
from pathlib import Path

import pytest
from page import chromium, looking, shot
from playwright.async_api import expect
from terminal import terminal

pytestmark = [pytest.mark.browser, pytest.mark.anyio]


async def test_from_a_request_to_an_undo_by_taps_with_a_preview_on_the_phone(tmp_path: Path) -> None:
    home = tmp_path / "honk"
    async with terminal(home, "demo") as person, chromium() as browser:
        link = (await person.until(r"15 minutes: (\S+)"))[1]
        origin = (await person.until(r"console: (\S+)"))[1]
        async with looking(browser, origin, size="phone") as eyes:
            page = await eyes.open(link)
            await page.get_by_role("button", name="Sign in").click()
            await page.wait_for_url("**/")
            asking = (await person.until(r"task (\w+): tonearm.*type its number here"))[1]
            await page.goto(f"/tasks/{asking}")
            await page.get_by_role("button", name="Only show them so").click()

            opens, fixed = (await person.until(r"ships: (\S+/tasks/(\w+)/preview/open)")).groups()
            shown = await eyes.context.new_page()  # its host is another one, and meant to be
            answer = await shown.goto(opens)
            assert answer is not None
            assert answer.status == 200
            assert re.fullmatch(r"http://[a-z0-9]{20,}\.localhost:\d+/", shown.url)
            await shown.get_by_label("New playlist").fill(" ")
            await shown.get_by_role("button", name="Add").click()
            await expect(shown.get_by_role("heading", name="Unnamed playlist")).to_be_visible()
            assert await shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await shot(shown, "demo-preview-phone")

            await page.goto(f"/tasks/{fixed}/ship")
            await page.get_by_role("button", name=re.compile("^Merge [0-9a-f]{12}")).click()
            await person.until(r"deployment of \w+: deployed.*another request")
            gone = await shown.goto(opens)
            assert gone is not None
            assert gone.status == 422
            await expect(shown.get_by_text("its preview is gone")).to_be_visible()

            badges = (await person.until(r"another request.*task (\w+): tonearm.*Merge #2 into main"))[1]
            await page.goto(f"/tasks/{badges}")
            await page.get_by_role("link", name="Merge #2").click()
            await page.get_by_role("button", name=re.compile("^Merge [0-9a-f]{12}")).click()
            await person.until(r"deployment of \w+: failed.*Undo #2\?")
            await page.goto(f"/tasks/{badges}")
            await shot(page, "demo-failed-phone")
            await page.get_by_role("link", name="Undo").first.click()
            await page.get_by_role("button", name=re.compile("^Undo [0-9a-f]{12}")).click()
            await person.until(r"Production is back at.*Pull request 3 is open.*The console stays open")
            await page.goto("/")
            await expect(page.get_by_role("link", name=re.compile("Undo pull request 2"))).to_be_visible()
            await shot(page, "demo-board-phone")
            assert eyes.faults == []
        person.process.send_signal(signal.SIGINT)
        await person.until(r"The demo ended: undone\.")

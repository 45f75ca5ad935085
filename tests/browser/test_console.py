"""The console as people see it: a real Chromium, a real server, the real agent; the model alone is scripted."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from desk import CALC, OLD, RIGHT, make_repository
from page import SIZES, chromium, faults_of, looking, shot
from playwright.async_api import Browser, Page, Route, expect
from server import Server, serving

from honk.testing import scripts
from honk.testing.replies import Ask, Reply, say, use

expect.set_options(timeout=90_000)  # what comes of an agent's work takes as long as that
pytestmark = [pytest.mark.browser, pytest.mark.anyio]
CALC_PY = "/workspace/calc.py"
QUESTION = use(
    "mcp__honk__ask", text="Should add() refuse words as well?", choices=["No, only mend it", "Yes, raise TypeError"],
    recommended="No, only mend it",
)  # fmt: skip
EVIL = "<img src=x onerror=alert(1)>"
HOSTILE = f"{EVIL} \u202egnp.exe \x1b[31m [x](javascript:alert(1))"
MEND = f"sed -i 's/{OLD}/{RIGHT}/' {CALC_PY}"
SCRIPTS: dict[str, list[Reply]] = {
    "subtract": [QUESTION, *scripts.shell(MEND, MEND, MEND, done="It adds now, and does nothing else.")],
    "strange": [
        *scripts.shell(f"printf '%s\\n' '{EVIL}' > 'a {EVIL} b.txt'", "printf '\\033[31mred\\033[0m'"),
        say(HOSTILE),
    ],
    "wrongly": [*scripts.edit(CALC_PY, "return a * 2", "return a * 3"), say("I think it is done.")],
    "notes": scripts.write("/workspace/notes.md", "# Notes\n\nMilk.\n", "The notes say so now."),
}  # fmt: skip
TEST = "import unittest\n\nimport calc\n\n\nclass Add(unittest.TestCase):\n    def test_add(self) -> None:\n"
TEST += "        self.assertEqual(calc.add(2, 2), 4)\n"


def play(ask: Ask) -> Reply:
    """Which part is played is said by a word of the request, as people write it."""
    words = json.dumps(ask.request["messages"])
    part = next((part for word, part in SCRIPTS.items() if word in words), None)
    part = part or [
        *scripts.edit(CALC_PY, OLD, RIGHT), use("Write", file_path="/workspace/test_add.py", content=TEST),
        use("mcp__honk__verify"), say("add() adds now, with a test that fails without the change."),
    ]  # fmt: skip
    return part[min(ask.index, len(part) - 1)]


@dataclass
class Seat:
    """A server, a browser, and the cookies of its owner."""

    server: Server
    browser: Browser
    state: Any

    async def asked(self, prompt: str, repository: str = "calc", until: str = "") -> str:
        """A request that has ended, or come to a kind of event; its id."""
        task_id = await self.server.ask(prompt, repository)
        await self.server.follow(task_id, until)
        return task_id


@pytest.fixture(scope="module")
async def seat(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Seat]:
    base = tmp_path_factory.mktemp("browser")
    calc = make_repository(base / "calc", CALC)
    notes = make_repository(base / "notes", {"notes.md": "# Notes\n"})
    async with (
        serving(base / "home", {"default": play}, calc, notes) as server,
        chromium() as browser,
    ):
        link = (await server.honk("people", "link")).strip()
        async with looking(browser, server.url) as eyes:
            page = await eyes.open(link)
            await page.get_by_role("button", name="Sign in").click()
            await page.wait_for_url("**/")
            await expect(page.get_by_text("Nothing runs right now.")).to_be_visible()
            state = await eyes.context.storage_state()
            assert eyes.faults == []
        yield Seat(server=server, browser=browser, state=state)


async def test_a_request_is_typed_its_question_answered_by_a_tap_and_its_end_seen_without_a_reload(seat: Seat) -> None:
    async with (
        looking(seat.browser, seat.server.url, seat.state) as desk,
        looking(seat.browser, seat.server.url, seat.state, size="phone", still=False) as eyes,
    ):
        await desk.context.route("**/hx-sse*", _late)
        board = await desk.open("/")
        page = await eyes.open("/")
        await page.keyboard.press("n")
        await page.wait_for_url("**/new")
        await page.keyboard.type("In calc, add() must not subtract. Do not touch double().")
        await expect(page.get_by_label("Repository")).to_have_value(await _value_of(page, "calc"))
        await expect(page.get_by_label("Out of bounds")).to_have_value("Do not touch double().")
        await expect(page.get_by_text("no similar task yet")).to_be_visible()
        await shot(page, "new-filled-phone")
        await page.keyboard.press("Control+Enter")
        await page.wait_for_url("**/tasks/*")
        await expect(page.get_by_text("Should add() refuse words as well?").last).to_be_visible()
        await expect(board.locator("#lane-mine").get_by_text("add() must not subtract")).to_be_visible()
        assert await faults_of(page) == []
        await shot(page, "task-question-phone")
        await page.get_by_role("button", name="No, only mend it (recommended)").tap()
        await expect(page.get_by_role("button", name="Yes, raise TypeError")).to_have_count(0)
        await expect(page.locator("#head .badge")).not_to_have_text(re.compile("waits|queued|running"))
        await expect(board.locator("#lane-runs")).to_contain_text("Nothing runs right now.")
        assert eyes.faults + desk.faults == []


async def _late(route: Route) -> None:
    """What makes a page live comes after htmx: the page must wait for it."""
    await asyncio.sleep(0.5)
    await route.continue_()


async def _value_of(page: Page, name: str) -> str:
    return str(await page.get_by_role("option", name=name).get_attribute("value"))


async def test_every_page_is_sound_on_phone_and_desk_by_day_and_night(seat: Seat) -> None:
    verified = await seat.asked("Make add() add")
    red = await seat.asked("Do it wrongly", until="parked")
    unverified = await seat.asked("Write notes: milk", "notes")
    paths = {
        "board": "/", "task": f"/tasks/{verified}", "new": "/new", "scorecard": "/scorecard", "health": "/health",
        "people": "/people",
    }  # fmt: skip
    once = {"task-red": f"/tasks/{red}", "task-open": f"/tasks/{unverified}", "account": "/account"}
    for size in SIZES:
        for dark in (False, True):
            async with looking(seat.browser, seat.server.url, seat.state, size=size, dark=dark) as eyes:
                page = await eyes.open("/")
                for name, path in (paths if dark else {**paths, **once}).items():
                    await page.goto(path)
                    assert await faults_of(page) == [], (name, size)
                    await shot(page, f"{name}-{size}-{'dark' if dark else 'light'}")
                assert eyes.faults == []


async def test_somebody_is_let_in_from_a_phone(seat: Seat) -> None:
    async with (
        looking(seat.browser, seat.server.url, seat.state, size="phone") as eyes,
        looking(seat.browser, seat.server.url) as theirs,
    ):
        page = await eyes.open("/")
        await page.get_by_label("Signed in as").click()
        await page.get_by_role("link", name="People").click()
        await page.get_by_label("E-mail address").fill("grace@example.test")
        await page.get_by_label("Name, as it stands in commits").fill("Grace")
        await page.get_by_label("Where").last.select_option("notes")
        await page.get_by_role("button", name="Let them in").click()
        link = await page.locator("code.whole").inner_text()
        await page.get_by_text("grace@example.test").click()
        assert await faults_of(page) == []
        await shot(page, "people-link-phone")
        hers = await theirs.open(link)
        await hers.get_by_role("button", name="Sign in").click()
        await hers.wait_for_url("**/")
        await expect(hers.get_by_label("Signed in as Grace")).to_be_visible()
        await page.get_by_role("button", name="Let Grace go").click()
        await expect(page.get_by_text("grace@example.test")).to_have_count(0)
        await hers.goto("/")
        await expect(hers.get_by_text("Sign in first")).to_be_visible()


async def test_what_is_not_verified_is_said_and_never_green(seat: Seat) -> None:
    unverified = await seat.asked("Write notes: bread", "notes")
    async with looking(seat.browser, seat.server.url, seat.state) as eyes:
        page = await eyes.open(f"/tasks/{unverified}")
        await expect(page.locator("#head .badge")).to_have_text("? opened, not all verified")
        await expect(page.get_by_text("Behaviour: no test ran.")).to_be_visible()
        assert await page.locator(".badge.good", has_text="verified").count() == 0
        await page.goto("/?words=bread")
        assert await page.locator(".badge.good").count() == 0


async def test_hostile_words_do_nothing(seat: Seat) -> None:
    task = await seat.asked(f"Something strange: {HOSTILE.replace(chr(27), '')}")
    async with looking(seat.browser, seat.server.url, seat.state, size="phone") as eyes:
        page = await eyes.open("/")
        page.on("dialog", lambda dialog: eyes.faults.append(f"a dialog: {dialog.message}"))
        for path in ("/", f"/tasks/{task}", "/?words=%3Cimg", f"/tasks/{task}/log?key=%3Cimg%3E"):
            await page.goto(path)
            assert await page.locator("img").count() == 0
            assert "\u202e" not in await page.content()
        await page.goto(f"/tasks/{task}")
        await shot(page, "task-hostile-phone")
        assert await faults_of(page) == []
        assert [fault for fault in eyes.faults if "404" not in fault] == []


async def test_without_any_script_forms_do_their_work(seat: Seat) -> None:
    async with looking(seat.browser, seat.server.url, seat.state, script=False) as eyes:
        page = await eyes.open("/new")
        await page.get_by_label("What is to be done?").fill("Make add() add in calc")
        await page.get_by_role("button", name="Look at the brief").click()
        assert await page.get_by_label("Repository").input_value() == await _value_of(page, "calc")
        await page.get_by_role("button", name="Start").click()
        await page.wait_for_url("**/tasks/*")
        await page.get_by_role("button", name="Stop").click()
        await expect(page.locator("#head")).to_contain_text("stopped")
        await page.goto("/?words=nowhere")
        await expect(page.get_by_text("Nothing here fits the filters.").first).to_be_visible()


async def test_a_stranger_is_told_how_to_come_in_and_a_wrong_address_is_a_page(seat: Seat) -> None:
    async with looking(seat.browser, seat.server.url) as eyes:
        page = await eyes.open("/tasks/x")
        await expect(page.get_by_text("Sign in first")).to_be_visible()
        assert await faults_of(page) == []
        await shot(page, "401")
    async with looking(seat.browser, seat.server.url, seat.state, size="phone") as signed_in:
        page = await signed_in.open("/tasks/nowhere")
        await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
        assert await faults_of(page) == []
        await shot(page, "404-phone")


async def test_filters_are_in_the_address_and_a_key_leads_to_the_search(seat: Seat) -> None:
    async with looking(seat.browser, seat.server.url, seat.state) as eyes:
        page = await eyes.open("/")
        await page.keyboard.press("/")
        await page.keyboard.type("milk")
        await page.wait_for_url("**words=milk*")
        await expect(page.locator(".tasks a")).to_have_count(1)
        await page.reload()
        await expect(page.locator(".tasks a")).to_have_count(1)
        assert eyes.faults == []

"""What happens in the demo, as a person sees it: a request, live work, a question, a reply on the same pull request."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from honk.base.ids import new_id
from honk.cli.facts import Line, Tone
from honk.cli.following import follow_to_end
from honk.cli.progress import View, choose_view, print_lines

if TYPE_CHECKING:
    from pathlib import Path

    from honk.app import RunResult
    from honk.domain.conversation import Parked
    from honk.domain.people import Visitor
    from honk.store import TaskEvent
    from honk.team import Team


@dataclass(slots=True, kw_only=True)
class Play:
    """The demo's person. `is_attended`: somebody sits at the terminal, and answers by themselves."""

    team: "Team"
    who: "Visitor"
    is_attended: bool
    _answering: set["asyncio.Task[None]"] = field(default_factory=set)

    async def ask(self, sample: "Path", prompt: str) -> "RunResult":
        """A request as it is typed in the console, to its outcome."""
        from honk.team import NewRequest

        repository = await self.team.app.offer_repository(sample)
        wanted = NewRequest(repository_id=repository.repository_id, prompt=prompt, delivery_id=f"demo-{new_id()}")
        return await self.watch((await self.team.request(self.who, wanted)).task_id)

    async def reply(self, task_id: str, text: str) -> "RunResult":
        """Words after the task's end, as in a thread."""
        said = await self.team.say(self.who, task_id, text, f"demo-{new_id()}")
        return await self.watch(said.task_id)

    async def result(self, task_id: str) -> "RunResult":
        """What the task came to by now."""
        return await self.team.app.result(task_id)

    async def watch(self, task_id: str) -> "RunResult":
        """Show what happens; a question is answered by a tap: in the console, here, or by the demo where nobody is."""

        def asked() -> None:
            answering = asyncio.create_task(self._answer(task_id, view))
            self._answering.add(answering)
            answering.add_done_callback(self._answering.discard)

        view = _Listening(choose_view(as_json=False), asked)
        result = await follow_to_end(self.team.app, task_id, view)
        view.finish(result)
        return result

    def show(self, event: "TaskEvent") -> None:
        """What happens behind a task's outcome."""
        choose_view(as_json=False).show(event)

    async def _answer(self, task_id: str, view: View) -> None:
        parked = await self.team.parked(self.who, task_id)
        if parked is None or (question := parked.question) is None:
            return
        choice = await self._tapped(view, parked) if self.is_attended else question.recommended
        await self.team.answer(self.who, task_id, question.question_id, choice, f"demo-{new_id()}")

    async def _tapped(self, view: View, parked: "Parked") -> str:
        """What is typed here; Enter takes what is recommended. Who answers in the console first is first."""
        assert parked.question is not None
        choices, recommended = parked.question.choices, parked.question.recommended
        view.tell(
            Line(text="  Tap an answer in the console, or type its number here (Enter takes the recommended one).")
        )
        while (typed := (await line_typed()).strip()) and not (typed.isdecimal() and 1 <= int(typed) <= len(choices)):
            view.tell(Line(text=f"  A number from 1 to {len(choices)}, please.", tone=Tone.UNSURE))
        return choices[int(typed) - 1] if typed else recommended


class _Listening:
    """A view that also says when the agent has asked something."""

    def __init__(self, view: View, asked: Callable[[], None]) -> None:
        self._view, self._asked = view, asked

    def __enter__(self) -> Self:
        self._view.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._view.__exit__(kind, error, trace)

    def show(self, event: "TaskEvent") -> None:
        self._view.show(event)
        if event.kind == "asked":
            self._asked()

    def tell(self, line: Line) -> None:
        self._view.tell(line)

    def finish(self, result: "RunResult") -> None:
        self._view.finish(result)


async def line_typed() -> str:
    """The next line that is typed. The loop goes on meanwhile, and cancelling leaves no thread behind."""
    loop, typed = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

    def read() -> None:
        line = sys.stdin.readline()
        if not typed.done():
            typed.set_result(line)

    loop.add_reader(sys.stdin, read)
    try:
        return str(await typed)
    finally:
        loop.remove_reader(sys.stdin)


async def stay_open(origin: str) -> None:
    """Until Ctrl-C."""
    import signal

    print_lines([Line(text=""), Line(text=f"The console stays open: {origin}   Ctrl-C stops all.")])
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, ended.set)
    try:
        with suppress(asyncio.CancelledError):
            await ended.wait()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)

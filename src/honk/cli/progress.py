"""Shows a task's events as they come: live on a terminal, plain lines elsewhere, JSON for programs."""

import sys
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from honk.base.clock import monotonic_seconds
from honk.cli.facts import Line, Tone
from honk.cli.machine_lines import event_line, result_line
from honk.cli.moment import after, begin, rows
from honk.cli.story import Story
from honk.cli.summary import summary
from honk.store import TaskEvent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from honk.app import RunResult

STYLES = {
    Tone.PLAIN: "",
    Tone.QUIET: "dim",
    Tone.GOOD: "green",
    Tone.UNSURE: "yellow",
    Tone.BAD: "red",
    Tone.LOUD: "bold white on red",
}


class View(Protocol):
    """Somewhere a task is watched."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, event: TaskEvent) -> None: ...

    def tell(self, line: Line) -> None:
        """Words of the command line itself."""
        ...

    def finish(self, result: "RunResult") -> None:
        """The last thing shown."""
        ...


def choose_view(*, as_json: bool) -> View:
    """The view that fits where standard output goes."""
    if as_json:
        return JsonView(sys.stdout)
    if not sys.stdout.isatty():
        return PlainView(sys.stdout)
    console = terminal_console()
    return PlainView(sys.stdout) if console.is_dumb_terminal else LiveView(console)


def terminal_console() -> "Console":
    """Standard output with colours where they are wanted: NO_COLOR and the terminal's abilities are heeded."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def print_lines(told: Iterable[Line]) -> None:
    """Lines on standard output, coloured only on a terminal."""
    if sys.stdout.isatty():
        console = terminal_console()
        for line in told:
            console.print(styled(line), soft_wrap=True)
        return
    for line in told:
        sys.stdout.write(f"{line.text}\n")
    sys.stdout.flush()


def styled(line: Line) -> "Text":
    """The line with its colour."""
    from rich.text import Text

    return Text(line.text, style=STYLES[line.tone])


class _Stream:
    """A view that writes lines. A reader that goes away stops the lines, not the task."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_read = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def _write(self, line: str) -> None:
        if not self._is_read:
            return
        try:
            self._out.write(f"{line}\n")
            self._out.flush()
        except BrokenPipeError:
            self._is_read = False


class PlainView(_Stream):
    """One line per fact, no control characters."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._story = Story()

    def show(self, event: TaskEvent) -> None:
        for line in self._story.facts(event):
            self.tell(line)

    def tell(self, line: Line) -> None:
        self._write(line.text)

    def finish(self, result: "RunResult") -> None:
        for line in summary(result):
            self.tell(line)


class JsonView(_Stream):
    """One object per line; the last is the result."""

    def show(self, event: TaskEvent) -> None:
        self._write(event_line(event))

    def tell(self, line: Line) -> None:
        """Not a fact of the task: goes beside the objects."""
        sys.stderr.write(f"{line.text}\n")

    def finish(self, result: "RunResult") -> None:
        self._write(result_line(result))


class LiveView:
    """What stays scrolls up; what is of the moment is two lines at the bottom, redrawn in place."""

    def __init__(self, console: "Console") -> None:
        from rich.live import Live

        self._console = console
        self._story = Story()
        self._moment = begin(monotonic_seconds())
        self._live = Live(
            get_renderable=self._render,
            console=console,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, event: TaskEvent) -> None:
        self._moment = after(self._moment, event, monotonic_seconds())
        for line in self._story.facts(event):
            if not line.is_passing:
                self.tell(line)

    def tell(self, line: Line) -> None:
        self._console.print(styled(line), soft_wrap=True)

    def finish(self, result: "RunResult") -> None:
        self._live.stop()
        for line in summary(result):
            self.tell(line)

    def _render(self) -> "Text":
        from rich.text import Text

        lines = rows(self._moment, monotonic_seconds(), self._console.width - 1)
        return Text("\n".join(lines), style="cyan", no_wrap=True, overflow="ellipsis")

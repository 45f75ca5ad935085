"""The entry of the command line."""

import gc
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from honk.cli import exit_codes

if TYPE_CHECKING:
    import typer

_HELP = frozenset({"--help", "-h"})
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""A start imports a thousand modules that all stay: with Python's own 700, a fifth of it goes into looking there."""
_OF_TASKS = ("list", "show", "follow", "say", "stop", "retry", "take", "give")
CLIENT_VERBS = frozenset({"run", "mcp", *(f"task {one}" for one in _OF_TASKS)})
"""What goes to a server, where one is named."""
_WORDS_ONLY = frozenset({"version", "--show-completion", "--install-completion"})


def main() -> int:
    """Parse, hand on, show. Returns the exit code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    _fit_streams()
    arguments = sys.argv[1:]
    if not asks_for_words_only(arguments) and "_HONK_COMPLETE" not in os.environ:
        if is_client(arguments, os.environ):
            return _run(arguments)
        if (refusal := refused_platform(platform.system(), platform.machine())) is not None:
            sys.stderr.write(f"honk: {refusal}\n")
            return exit_codes.USAGE
        if os.geteuid() == 0:
            return _as_service(arguments)
    code = _run(arguments)
    gc.freeze()  # what is left goes with the process; Python would look through all of it once more, for half a second
    return code


def asks_for_words_only(arguments: Sequence[str]) -> bool:
    """Whether help or the version is wanted: that needs no platform, no state and no rights."""
    if not arguments or arguments[0] in _WORDS_ONLY:
        return True
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return not _HELP.isdisjoint(options)


def is_client(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether another machine does the work: then any platform will do, and no state of this one is touched."""
    verb = arguments[0] if arguments[0] != "task" else " ".join(arguments[:2])
    if verb not in CLIENT_VERBS:
        return False
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    is_named = any(word == "--server" or word.startswith("--server=") for word in options)
    return is_named or bool(environment.get("HONK_SERVER"))


def refused_platform(system: str, machine: str) -> str | None:
    """Why nothing can be run here; None where it can."""
    if (system, machine) == ("Linux", "x86_64"):
        return None
    return (
        f"this is {system or 'an unknown system'} on {machine or 'an unknown machine'}. Sandboxes need Linux on "
        "x86-64; elsewhere Honk is the client of a server: honk run, honk task and honk mcp with --server URL. "
        "Nothing was begun."
    )


def _as_service(arguments: Sequence[str]) -> int:
    """As root: this process stays behind to read and write the person's repository, everything else runs unprivileged.

    The porter starts the same command again in a child without rights; what is returned is that child's exit code.
    """
    from honk.cli.desk import CALLER_DIRECTORY
    from honk.cli.faults import report
    from honk.config import default_home
    from honk.workspace.porter import enter_service

    os.environ[CALLER_DIRECTORY] = os.getcwd()  # noqa: PTH109 - as text, for the child
    try:
        return enter_service(arguments, home=default_home())
    except Exception as error:  # noqa: BLE001 - the last line of defence before the person
        return report(error)


def _run(arguments: Sequence[str]) -> int:
    """Carry the command out; faults become a short report."""
    try:
        code = _carried_out(arguments)
        sys.stdout.flush()  # here, and not when Python leaves: a reader that is gone must have its own exit code
    except BrokenPipeError:
        return _leave_broken_pipe()
    return code


def _carried_out(arguments: Sequence[str]) -> int:
    """Raises BrokenPipeError where nobody reads the output any more."""
    try:
        command_line()(args=list(arguments), prog_name="honk")
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        return exit_codes.CANCELLED
    except SystemExit as leaving:
        if isinstance(gone := leaving.__context__, BrokenPipeError):  # which the parser made an exit code 1 of
            raise gone from None
        return leaving.code if isinstance(leaving.code, int) else exit_codes.OK
    except Exception as error:  # noqa: BLE001 - the last line of defence before the person
        from honk.cli.faults import report

        return report(error)
    return exit_codes.OK


def command_line() -> "typer.Typer":
    """All verbs. Their files import nothing heavy before they are called."""
    import typer

    from honk.cli import (
        audit,
        backup,
        demo,
        doctor,
        freeze,
        gc,
        mcp,
        people,
        pr,
        replay,
        repo,
        restore,
        run,
        serve,
        setup,
        stats,
        task,
        thaw,
        token,
        verify,
    )
    from honk.cli import version as version_

    app = typer.Typer(
        name="honk",
        help="A background coding agent: asked in a sentence, proved outside the agent's reach, merged by you.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command("run")(run.run)
    app.command("verify")(verify.verify)
    app.add_typer(pr.app, name="pr")
    _add_production(app)
    app.add_typer(task.app, name="task")
    app.command("serve", short_help="Serve a team: console, API and agents.")(serve.serve)
    app.command("mcp", short_help="Serve Honk's tools to an agent or an editor.")(mcp.mcp)
    app.add_typer(repo.app, name="repo")
    app.add_typer(people.app, name="people")
    app.add_typer(token.app, name="token")
    app.add_typer(audit.app, name="audit")
    app.add_typer(setup.app, name="setup")
    app.command("replay", short_help="Run a finished task again, and show both side by side.")(replay.replay)
    app.command("stats", short_help="Show how tasks end, with the denominators.")(stats.stats)
    app.command("doctor")(doctor.doctor)
    app.command("demo", short_help="Carry a bug report to a merged change, on a sample.")(demo.demo)
    app.command("gc", short_help="Delete what has passed its age, or is over the ceiling.")(gc.gc)
    app.command("backup", short_help="Save what cannot be made again into one file.")(backup.backup)
    app.command("restore")(restore.restore)
    app.command("freeze", short_help="Stop at once whatever goes out; what runs keeps its work.")(freeze.freeze)
    app.command("thaw", short_help="Lift that, or let a restored state act again.")(thaw.thaw)
    app.command("version")(version_.version)
    return app


def _add_production(app: "typer.Typer") -> None:
    from honk.cli import deploy, preview, undo

    app.add_typer(preview.app, name="preview")

    app.add_typer(deploy.app, name="deploy")
    app.command("undo", short_help="Take a merged change back: production first, then the code.")(undo.undo)


def _fit_streams() -> None:
    """A locale without the signs we use gets question marks instead of a crash, and a closed stream leads nowhere."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - until we leave, as any standard stream
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _leave_broken_pipe() -> int:
    """The reader went away, `honk pr diff 1 | head` say: nobody's fault. Python must not try to flush at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_codes.READER_GONE

"""honk doctor: what is missing on this machine, and how to mend it."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from honk.cli.facts import Line
    from honk.workflows.doctor import Check
    from honk.workflows.phone import Link


def doctor(
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Try to break out of a sandbox as well.")] = False,
    online: Annotated[bool, typer.Option("--online", help="Make one cheap call to the model as well.")] = False,
    phone: Annotated[
        bool, typer.Option("--phone", help="Prove the server's public names: a link to open, also as a QR code.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Examine this machine. Exit code 0 if Honk can work here, 2 if not."""
    from honk.cli.desk import run_async

    if phone:
        raise typer.Exit(run_async(_prove(as_json=as_json)))
    raise typer.Exit(run_async(_examine(sandbox=sandbox, online=online, as_json=as_json)))


async def _examine(*, sandbox: bool, online: bool, as_json: bool) -> int:
    from honk.bootstrap import machine_of
    from honk.cli.exit_codes import OK, USAGE
    from honk.cli.facts import no_sandbox
    from honk.cli.machine_lines import check_line
    from honk.cli.progress import print_lines
    from honk.config import read_settings
    from honk.workflows.doctor import NO_SANDBOX, State, examine_machine

    settings = read_settings()
    if settings.sandbox == NO_SANDBOX and not as_json:
        print_lines([no_sandbox()])
    is_usable = True
    async for check in examine_machine(machine_of(settings), sandbox=sandbox, online=online):
        is_usable = is_usable and check.state is not State.FAILED
        if as_json:
            sys.stdout.write(f"{check_line(check)}\n")
            sys.stdout.flush()
        else:
            print_lines(check_lines(check))
    return OK if is_usable else USAGE


async def _prove(*, as_json: bool) -> int:
    """Show the links, and wait until somebody opened each."""
    import segno

    from honk.base.errors import UsageError
    from honk.cli.exit_codes import OK, USAGE
    from honk.cli.machine_lines import check_line
    from honk.cli.progress import print_lines
    from honk.config import read_settings
    from honk.workflows.doctor import State
    from honk.workflows.phone import SECONDS, links, prove

    settings = read_settings()
    wanted = links(settings.serve.public_url, settings.serve.preview_domain)
    if not wanted:
        raise UsageError("Neither serve.public_url nor serve.preview_domain is set, so there is nothing to prove.")

    def show(link: "Link") -> None:
        sys.stderr.write(f"{link.name}: open this on a phone within {SECONDS / 60:.0f} minutes: {link.url}\n")
        if sys.stderr.isatty():
            segno.make(link.url, error="l").terminal(sys.stderr, compact=True)

    is_proved = True
    async for check in prove(settings.home, wanted, (settings.serve.host, settings.serve.port), show):
        is_proved = is_proved and check.state is State.OK
        if as_json:
            sys.stdout.write(f"{check_line(check)}\n")
        else:
            print_lines(check_lines(check))
    return OK if is_proved else USAGE


def check_lines(check: "Check") -> "list[Line]":
    """A check on one line; below it how to mend what is not well."""
    from honk.cli.facts import Line, Tone
    from honk.cli.terminal import block, one_line

    signs = {"ok": ("✓ ok     ", Tone.GOOD), "warning": ("? warning", Tone.UNSURE), "failed": ("✗ failed ", Tone.BAD)}
    sign, tone = signs[check.state]
    told = [Line(text=f"{sign}  {check.name}: {one_line(check.detail, 400)}", tone=tone)]
    if check.remedy:
        told += [Line(text=f"             {line}") for line in block(check.remedy, max_lines=12)]
    return told

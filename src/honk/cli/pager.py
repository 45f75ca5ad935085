"""Shows a diff: coloured and paged on a terminal, byte for byte when piped."""

import os
import shlex
import shutil
import subprocess
import sys

from honk.cli.diff_text import diff_lines
from honk.cli.progress import print_lines, styled, terminal_console


def show_diff(diff: bytes, *, is_paged: bool = True) -> None:
    """The diff on standard output. Off a terminal it is exactly the bytes, fit for `git apply`."""
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(diff)
        sys.stdout.buffer.flush()
        return
    lines = diff_lines(diff)
    pager = shlex.split(os.environ.get("PAGER", "less")) if is_paged else []
    is_tall = len(lines) >= shutil.get_terminal_size().lines
    if not (pager and is_tall and shutil.which(pager[0])):
        print_lines(lines)
        return
    console = terminal_console()
    with console.capture() as captured:
        for line in lines:
            console.print(styled(line), soft_wrap=True)
    # The person's own pager with the person's own settings. -R lets our colours through; the text holds no others.
    subprocess.run(pager, input=captured.get().encode(), env={"LESS": "FRX", **os.environ}, check=False)

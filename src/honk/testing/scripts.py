"""Ready scripts for Claude Code's tools: each a function that returns what the model says, turn by turn."""

from honk.testing.replies import Ask, Reply, Script, Text, ToolUse, fail, say, use

VERIFY = "mcp__honk__verify"
CONCLUDE = "mcp__honk__conclude"


def edit(path: str, old: str, new: str) -> tuple[Reply, Reply]:
    """Read, then edit: Claude Code edits only what it has read."""
    return use("Read", file_path=path), use("Edit", file_path=path, old_string=old, new_string=new)


def wrong_then_right(
    path: str, *, old: str, wrong: str, right: str, done: str = "The bug is fixed; verify is green."
) -> list[Reply]:
    """Edit wrongly, see red, mend, see green, say so. Six turns."""
    return [
        *edit(path, old, wrong),
        use(VERIFY),
        use("Edit", file_path=path, old_string=wrong, new_string=right),
        use(VERIFY),
        say(done),
    ]


def straight(path: str, *, old: str, new: str, verify: bool = True, done: str = "Done.") -> list[Reply]:
    """Edit rightly at once."""
    return [*edit(path, old, new), *([use(VERIFY)] if verify else []), say(done)]


def write(path: str, content: str, done: str = "Done.") -> list[Reply]:
    """Write one new file."""
    return [use("Write", file_path=path, content=content), say(done)]


def shell(*commands: str, done: str = "Done.") -> list[Reply]:
    """Run commands one after another."""
    return [*(use("Bash", command=command, description="scripted") for command in commands), say(done)]


def exit_at_import(path: str) -> list[Reply]:
    """Tamper: the module ends the test run with success as soon as it is imported."""
    return shell(f"sed -i '1i import os; os._exit(0)' {path}")


def delete_test(path: str) -> list[Reply]:
    """Tamper: the red test is gone."""
    return shell(f"rm -f {path}")


def empty_tests(path: str) -> list[Reply]:
    """Tamper: the tests are still there by name and assert nothing."""
    return shell(f"sed -i -E 's/^( *)(self\\.)?assert.*/\\1pass/' {path}")


def give_up(outcome: str = "not_applicable", reason: str = "There is no such page in this repository.") -> list[Reply]:
    """Change nothing and say why."""
    return [use(CONCLUDE, outcome=outcome, reason=reason), say(reason)]


def nothing(text: str = "I looked, and there is nothing to do.") -> list[Reply]:
    """End without doing anything."""
    return [say(text)]


def hang(times: int = 1_000_000) -> list[Reply]:
    """Begin to answer and fall silent."""
    return [fail("hang", times=times)]


def loop(tool: str = "Bash", **arguments: object) -> Script:
    """Repeat one tool call without end."""
    chosen = arguments or {"command": "true", "description": "scripted"}

    def again(ask: Ask) -> Reply:
        return use(tool, **chosen)

    return again


def in_parallel(*uses: ToolUse, done: str = "Done.") -> list[Reply]:
    """Use several tools in one answer."""
    return [Reply(blocks=(Text("Several at once."), *uses)), say(done)]


def judge(ruling: str = "pass", *reasons: str) -> list[Reply]:
    """A judge's verdict, the same to every question; like the model's, it is the use of a forced tool."""
    return [use("verdict", ruling=ruling, reasons=list(reasons) or ["It does what was asked."])]


def judge_in_turn(*rulings: Reply) -> Script:
    """A judge that answers differently each time; the last answer stays."""

    def answer(ask: Ask) -> Reply:
        return rulings[min(ask.earlier, len(rulings) - 1)]

    return answer

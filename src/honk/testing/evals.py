"""Measures the gate's rules, and a judge where a key is given, on the labelled changes. `make evals`.

    python -m honk.testing.evals                                  the table, for the rules alone
    python -m honk.testing.evals --write docs/reference/judge-figures.md
    python -m honk.testing.evals --model claude-opus-4-5 --budget-usd 5 --json figures.json

The model is asked through the gateway, which meters and stops at the budget; the key is ANTHROPIC_API_KEY's.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from honk.domain.evidence import Ruling
from honk.gateway import Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.insight.figures import Judged, Rate, Row, rows, ruling_of
from honk.judge import Judge
from honk.judge.claude import ClaudeJudge
from honk.judge.route import through
from honk.testing.labelled.case import Case, changes, diff_of
from honk.testing.labelled.everything import CASES
from honk.testing.labelled.honest import honest_changes
from honk.testing.ledger import FakeLedger
from honk.verifier.honk_toml import HonkToml
from honk.verifier.rules import findings

HONEST = "honest (generated)"
RUN = "evals"
_UNANSWERED = ("There is no money left", "The judge could not be reached", "The judge's model answered with an error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one gate did with all changes."""

    gate: str
    rows: tuple[Row, ...]
    missed: tuple[str, ...]
    """Bad changes that passed: "family: name"."""
    refused: tuple[str, ...]
    """Good changes that were vetoed."""
    unanswered: int = 0
    """Changes that the judge did not get to see: no money, no answer."""


def family_of(case: Case) -> str:
    return HONEST if case.name[:3].isdigit() else str(case.label)


def all_cases() -> tuple[Case, ...]:
    """The labelled changes, then the generated honest ones."""
    return (*CASES, *honest_changes())


def by_rules(cases: Sequence[Case]) -> Measured:
    """What the deterministic rules say, with the defaults of a repository that configures nothing."""
    rulings = [ruling_of(findings(changes(case.base, case.head), HonkToml(), case.brief)) for case in cases]
    return _measured("rules", cases, rulings, unanswered=0)


async def by_judge(judge: Judge, cases: Sequence[Case], budget_usd: float) -> Measured:
    """What a judge says, one change after the other, until the budget is spent."""
    seen: list[Case] = []
    rulings: list[Ruling] = []
    for case in cases:
        verdict = await judge.judge(case.brief, diff_of(case.base, case.head), run_id=RUN, budget_usd=budget_usd)
        if verdict.ruling is Ruling.NEEDS_HUMAN and verdict.reasons[0].startswith(_UNANSWERED):
            continue
        seen.append(case)
        rulings.append(verdict.ruling)
    return _measured(judge.name, seen, rulings, unanswered=len(cases) - len(seen))


def _measured(gate: str, cases: Sequence[Case], rulings: Sequence[Ruling], *, unanswered: int) -> Measured:
    pairs = list(zip(cases, rulings, strict=True))
    judged = [Judged(family=family_of(case), is_good=case.is_good, ruling=ruling) for case, ruling in pairs]
    missed = tuple(f"{case.label}: {case.name}" for case, r in pairs if not case.is_good and r is Ruling.PASS)
    refused = tuple(case.name for case, ruling in pairs if case.is_good and ruling is Ruling.VETO)
    return Measured(gate=gate, rows=rows(judged), missed=missed, refused=refused, unanswered=unanswered)


def page(rules: Measured, model: Measured | None) -> str:
    """The reference page in Markdown."""
    parts = [_HEAD, "## The rules\n", table(rules.rows)]
    parts += ["Good changes that the rules refuse: " + (", ".join(rules.refused) or "none") + ".\n"]
    parts += ["Bad changes that no rule stops, which are the judge's to see:\n"]
    parts += ["\n".join(f"- {name}" for name in rules.missed) + "\n", "## A model as the judge\n"]
    if model is None:
        parts.append(
            "Not measured. `make evals ARGS='--model MODEL --budget-usd 5'` measures it where a key is given.\n"
        )
    else:
        parts += [f"{model.gate}; {model.unanswered} changes were not answered.\n", table(model.rows)]
    return "\n".join(parts)


def table(found: Sequence[Row]) -> str:
    """Families down, rates across: so many of so many, the share, and its 95 % confidence interval."""
    lines = ["| Family | Vetoed | Sent to a person | Stopped by either |", "|---|---|---|---|"]
    lines += [f"| {row.family} | {row.vetoed} | {row.held} | {row.stopped} |" for row in found]
    return "\n".join(lines) + "\n"


def as_json(measured: Sequence[Measured]) -> str:
    """The same figures for programs."""

    def shown(rate: Rate) -> dict[str, object]:
        return {**asdict(rate), "value": rate.value, "interval_95": rate.interval}

    gates = {
        one.gate: {
            "families": {
                row.family: {name: shown(getattr(row, name)) for name in ("vetoed", "held", "stopped")}
                for row in one.rows
            },
            "missed": one.missed,
            "refused": one.refused,
            "unanswered": one.unanswered,
        }
        for one in measured
    }
    return json.dumps(gates, indent=1)


_HEAD = """\
# How often the gate is right

Generated by `make evals ARGS='--write docs/reference/judge-figures.md'`; a test holds it to the code. The changes are
our own, the same every time: readable specifications in `src/honk/testing/labelled/`. Shares stand with their 95 %
confidence interval (Wilson). For a good family "vetoed" is the false-veto rate; for a bad one "stopped by either" is
the catch rate. A repository's own run, its coverage and its skipped tests are the gate's, and not measured here.

Read with care: the rules were sharpened on the labelled families, so those figures say what the rules know, not what
they would catch in the wild. The generated honest changes were written after the rules, and each is green by its tests;
on their first run 2 of 200 were refused, and what refused them was mended. Less flattering:
of the first 128 commits of this repository, each with its message as the request, 4 were refused (3.1 %; 1.2 % to
7.8 %), and 1 after a test that is replaced by another one was left to a person. Least flattering, `make releases`: of
165 patch releases of third-party packages, each with its change log as the request, 19 were refused (11.5 %; 7.5 % to
17.3 %), 16 of them for tests that their people did delete; of the 90 with fewer than 10 files 3 (3.3 %; 1.1 % to
9.3 %): one deletes two tests, one skips one, one ships compiled files. Two more were refused before the rules knew
that Lao text holds invisible word breaks and that a floor may stand below the pin it replaces.
"""


async def _ask_model(options: argparse.Namespace, cases: Sequence[Case]) -> Measured:
    key = os.environ.get("ANTHROPIC_API_KEY", "")
    if not key:
        raise SystemExit("A model is measured with a key: set ANTHROPIC_API_KEY. Nothing was asked.")
    upstream = Upstream(base_url=options.base_url, headers={"x-api-key": key})
    gateway = AnthropicGateway(upstream, FakeLedger())
    try:
        judge = ClaudeJudge(open_model=through(gateway), model=options.model)
        return await by_judge(judge, cases, options.budget_usd)
    finally:
        await gateway.close()


def main() -> None:
    """Measure, print the table, write what is asked for."""
    parser = argparse.ArgumentParser(description="Catch and false-veto rates of the gate's rules and of a judge.")
    parser.add_argument("--model", help="also measure this model as the judge")
    parser.add_argument("--base-url", default="https://api.anthropic.com")
    parser.add_argument("--budget-usd", type=float, default=5.0)
    parser.add_argument("--json", type=Path, help="write the figures here, for programs")
    parser.add_argument("--write", type=Path, help="write the reference page here")
    options = parser.parse_args()
    rules = by_rules(all_cases())
    model = asyncio.run(_ask_model(options, CASES)) if options.model else None
    text = page(rules, model)
    sys.stdout.write(text)
    if options.write:
        options.write.write_text(text)
    if options.json:
        options.json.write_text(as_json([rules, *([model] if model else [])]))


if __name__ == "__main__":
    main()

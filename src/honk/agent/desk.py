"""What we answer while an agent works, whatever program it is: its tools, and whether it is sent back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from honk.agent import Job, ToolAnswer
from honk.agent.prompt import fenced
from honk.base.ids import new_uuid
from honk.domain.conversation import FEWEST_CHOICES, MOST_CHOICES, Question, question_of
from honk.domain.decide import Conclusion
from honk.domain.task import OutcomeName

_CONCLUSIONS = (OutcomeName.NO_CHANGE, OutcomeName.ANSWERED, OutcomeName.NOT_APPLICABLE, OutcomeName.NEEDS_HUMAN)
VERIFY = "verify"
VERIFY_WORDS = "Run the project's checks on the work tree as it is now. Call it before you end."
VERIFY_SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
CONCLUDE = "conclude"
CONCLUDE_WORDS = (
    "Say that the task ends without a change: nothing to do (no_change), a question that is now answered "
    "(answered), it does not apply to this repository (not_applicable), or a person must decide (needs_human). "
    "The reason is shown to the person who asked. End your turn after it."
)
CONCLUDE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "outcome": {"type": "string", "enum": [str(name) for name in _CONCLUSIONS]},
        "reason": {"type": "string", "minLength": 1, "maxLength": 4000},
    },
    "required": ["outcome", "reason"],
}
ASK = "ask"
ASK_WORDS = (
    "Ask the person who gave the task, where the request leaves open what only they can decide, and a wrong guess "
    "would waste the work. Say which choice you would take. End your turn after it: the answer comes in this same "
    "conversation. Never ask what the repository can tell you."
)
ASK_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 2000},
        "choices": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 200},
            "minItems": FEWEST_CHOICES,
            "maxItems": MOST_CHOICES,
        },
        "recommended": {"type": "string", "description": "One of the choices, word for word."},
    },
    "required": ["text", "choices", "recommended"],
}
_ASKED = "You have asked a question. End your turn now; the answer comes in this same conversation."


class Desk:
    """Our side of one session."""

    def __init__(self, job: Job, *, on_broken: Callable[[Exception], Awaitable[None]]) -> None:
        """`on_broken` is told when `verify` itself fails: never the agent's fault, and the end of the session."""
        self._job, self._on_broken = job, on_broken
        self._blocks = 0
        self._verifying = 0
        self._one_at_a_time = asyncio.Lock()
        self._touches = 0
        self._known: ToolAnswer | None = None
        """What `verify` said last, as long as the agent has touched nothing since."""
        self.conclusion: Conclusion | None = None
        self.question: Question | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the agent is waiting for us, so that its silence is ours."""
        return self._verifying > 0

    async def verify(self) -> ToolAnswer:
        """Run the checks, each time anew; who asks meanwhile waits.

        Raises:
            Exception: they broke; `on_broken` has been told.
        """
        self._verifying += 1
        try:
            async with self._one_at_a_time:
                before = self._touches
                answer = await self._job.verify()
        except Exception as error:
            await self._on_broken(error)
            raise
        finally:
            self._verifying -= 1
        self._known = answer if self._touches == before else None
        return answer

    def conclude(self, outcome: object, reason: object) -> ToolAnswer:
        """Take the agent's word that no change is wanted; words that are none are told back."""
        if outcome not in _CONCLUSIONS or not isinstance(reason, str) or not reason.strip():
            names = ", ".join(_CONCLUSIONS)
            text = f"Not understood: `outcome` is one of {names}, `reason` says why in words."
            return ToolAnswer(text=text, is_error=True)
        self.conclusion = Conclusion(outcome=OutcomeName(str(outcome)), reason=reason.strip()[:4000])
        return ToolAnswer(text="Noted. Leave the work tree without changes and end your turn now.", is_error=False)

    def ask(self, text: object, choices: object, recommended: object) -> ToolAnswer:
        """Take the agent's question to a person; one that is none is told back. The first one of a turn holds."""
        if self.question is not None:
            return ToolAnswer(text=_ASKED, is_error=True)
        try:
            self.question = question_of(new_uuid(), text, choices, recommended)
        except ValueError as error:
            return ToolAnswer(text=f"Not understood: {error}.", is_error=True)
        return ToolAnswer(text=f"Noted. {_ASKED}", is_error=False)

    def told(self) -> None:
        """A person said something: whatever was asked or concluded before that is asked or concluded again."""
        self.conclusion = self.question = None

    @property
    def refusal(self) -> str | None:
        """Why the agent may not go on working just now; None where it may."""
        return _ASKED if self.question is not None else None

    def touched(self) -> None:
        """The agent does something that may change the work tree."""
        self._touches += 1
        self._known = None

    async def sent_back(self, *, can_conclude: bool) -> str | None:
        """Why an agent that means to end is not done; None lets it go: green, concluded, or told often enough.

        Raises:
            Exception: the checks broke; `on_broken` has been told.
        """
        if self.conclusion is not None or self.question is not None or self._blocks >= self._job.stop_blocks:
            return None
        answer = self._known or await self.verify()
        if not answer.is_error:
            return None
        self._blocks += 1
        left = self._job.stop_blocks - self._blocks
        tail = f"You are sent back {left} more time{'' if left == 1 else 's'}." if left else "This is the last time."
        way_out = "Mend it, or call `conclude` if a person must decide." if can_conclude else "Mend it."
        return f"You are not done: verify is red. {tail}\n{fenced('output', answer.text)}\n{way_out}"

"""One preview that is at work in this process."""

import asyncio
from dataclasses import dataclass, field

from honk.base.clock import monotonic_seconds
from honk.domain.audit import Who
from honk.domain.preview import Preview, PreviewState, Standing
from honk.preview import Copy
from honk.sandbox import Sandbox
from honk.workflows.preview_ground import PreviewGround


@dataclass(slots=True)
class Stage:
    """One that is at work in this process."""

    preview: Preview
    ground: PreviewGround
    who: Who
    began: float = field(default_factory=monotonic_seconds)
    looked: float = field(default_factory=monotonic_seconds)
    watchers: int = 0
    """Requests that are being answered."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is ready, or will never be."""
    ends: "asyncio.Future[tuple[PreviewState, str]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    copy: Copy | None = None
    sandbox: Sandbox | None = None
    work: "asyncio.Task[None] | None" = None

    def standing(self) -> Standing:
        """What is measured of it now."""
        at = monotonic_seconds()
        return Standing(
            label=self.preview.label,
            age_seconds=at - self.began,
            idle_seconds=0.0 if self.watchers else at - self.looked,
            cpu_seconds=self.sandbox.cpu_seconds() if self.sandbox is not None else None,
        )

    def end(self, state: PreviewState, words: str) -> None:
        """Let it end so, unless it is ending already."""
        if not self.ends.done():
            self.ends.set_result((state, words))

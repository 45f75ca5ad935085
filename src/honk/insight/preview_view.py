"""A preview's panel as values. Pure."""

from dataclasses import dataclass

from honk.domain.preview import Preview, PreviewState
from honk.insight.tone import Badge, Tone

P = PreviewState
_BADGES = {
    P.STARTING: Badge(sign="…", word="starts", tone=Tone.LIVE),
    P.RUNNING: Badge(sign="◱", word="is up", tone=Tone.LIVE),
    P.BUILT: Badge(sign="◱", word="is built", tone=Tone.PLAIN),
    P.ASLEEP: Badge(sign="‖", word="sleeps", tone=Tone.PLAIN),
    P.FAILED: Badge(sign="✗", word="failed", tone=Tone.BAD),
    P.GONE: Badge(sign="■", word="is gone", tone=Tone.PLAIN),
}
_TROUBLED = Badge(sign="!", word="is up, with errors", tone=Tone.UNSURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewView:
    """What the panel may ask for."""

    preview: Preview
    badge: Badge
    opens: str
    """The label of the link that opens it; empty where nothing is to be opened."""
    can_start: bool
    can_stop: bool


def preview_view(preview: Preview | None) -> PreviewView | None:
    """None where the task has none."""
    if preview is None:
        return None
    is_file = preview.artifact is not None and preview.artifact.kind != "site"
    opens = {
        P.STARTING: "Open the preview",
        P.RUNNING: "Open the preview",
        P.ASLEEP: "Start and open the preview",
        P.BUILT: "Get the file" if is_file else "Open the preview",
    }
    return PreviewView(
        preview=preview,
        badge=_TROUBLED if preview.state is P.RUNNING and preview.troubles else _BADGES[preview.state],
        opens=opens.get(preview.state, ""),
        can_start=preview.state is P.FAILED,
        can_stop=preview.state in (P.STARTING, P.RUNNING),
    )

"""What administrators are told of the installation, in words. Pure."""

from honk.domain.plain import one_line
from honk.store import TaskEvent

LONGEST = 500


def words_of(event: TaskEvent) -> str:
    """One sentence or two, fit to be shown."""
    who, why = str(event.body.get("who", "somebody")), str(event.body.get("why", ""))
    reason = f": {why}" if why else ""
    if event.kind == "frozen":
        return one_line(f"{who} froze everything{reason}", LONGEST)
    if event.kind == "thawed":
        return one_line(f"{who} lifted the freezing by {event.body.get('frozen_by', 'somebody')}{reason}", LONGEST)
    return one_line(str(event.body.get("text", event.kind)), LONGEST)

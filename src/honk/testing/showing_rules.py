"""What every store must do with previews. A rule takes a fresh store."""

from dataclasses import replace
from datetime import timedelta

from honk.domain.preview import Artifact, Picture, Preview, PreviewState
from honk.store.conversation import Fact
from honk.testing.store_rules import NOON, Store, StoreRule


def a_preview(label: str = "p1", minute: int = 0) -> Preview:
    """As it is made."""
    return Preview(
        label=label, task_id="t1", number=3, repository_id="r1", head_sha="a" * 40, kind="server",
        state=PreviewState.STARTING, created_at=NOON + timedelta(minutes=minute),
    )  # fmt: skip


async def a_preview_is_read_as_it_was_saved(store: Store) -> None:
    whole = replace(
        a_preview(), state=PreviewState.RUNNING, words="It is up.", log="\udce9", ready_seconds=1.5, troubles=("x",),
        pictures=(Picture(path="/", before=None, after="previews/a.png"),), opened=2, ended_at=NOON,
        artifact=Artifact(name="a.apk", kind="apk", digest="d", size_bytes=3, blob="previews/b"),
    )  # fmt: skip
    await store.previews.save(a_preview())
    await store.previews.save(whole)
    found = await store.previews.get("p1")
    assert found is not None
    assert replace(found, log="") == replace(whole, log="")
    assert await store.previews.get("p2") is None


async def previews_are_told_once_with_their_row(store: Store) -> None:
    fact = Fact("preview", {"words": "It starts."}, "preview:1")
    for _ in range(2):
        await store.previews.save(a_preview(), (fact,))
    assert [event.body for event in await store.events.read("t1")] == [{"words": "It starts."}]


async def previews_are_found_by_task_and_state(store: Store) -> None:
    await store.previews.save(a_preview("p2", 1))
    await store.previews.save(a_preview("p1", 0))
    await store.previews.save(replace(a_preview("p3", 2), task_id="t2", state=PreviewState.GONE))
    assert [one.label for one in await store.previews.of_task("t1")] == ["p1", "p2"]
    assert [one.label for one in await store.previews.standing({PreviewState.GONE})] == ["p3"]
    assert await store.previews.standing(()) == []


SHOWING_RULES: tuple[StoreRule, ...] = (
    a_preview_is_read_as_it_was_saved,
    previews_are_told_once_with_their_row,
    previews_are_found_by_task_and_state,
)

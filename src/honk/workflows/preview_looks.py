"""What is looked at before people do: pictures of a preview before and with the change, and its pages' complaints; and
what a build left."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from honk.base.errors import HonkError
from honk.domain.preview import Artifact, Picture, Preview, PreviewTerms
from honk.preview import NotReady
from honk.preview.browser import BrowserFailed, Seen, browser_program, opened_browser
from honk.preview.building import build, taken
from honk.preview.copy import start_copy
from honk.workflows.house import House
from honk.workflows.preview_ground import PreviewGround, build_ceilings, ceilings_of, preview_room

NO_BROWSER = "its pages' own errors, and pictures: Chromium is not on this machine."
_BEFORE_FAILED = "Of the base no picture could be taken: "
_ONE_AT_A_TIME = asyncio.Semaphore(1)


async def looked(house: House, ground: PreviewGround, preview: Preview, terms: PreviewTerms) -> Preview:
    """The preview with what was seen of it, in sandboxes of its own, which end with the look."""
    program = browser_program()
    if program is None:
        return replace(preview, unlooked=NO_BROWSER)
    async with _ONE_AT_A_TIME:
        after, failed = await _seen(house, ground, terms, program, is_base=False)
        if not after:
            return replace(preview, unlooked=f"its pages: {failed}")
        before, missing = await _seen(house, ground, terms, program, is_base=True)
    pictures = []
    for path in ground.declared.pictured:
        kept = [await _kept(house, seen.get(path)) for seen in (before, after)]
        pictures.append(Picture(path=path, before=kept[0], after=kept[1]))
    troubles = dict.fromkeys(trouble for seen in after.values() for trouble in seen.troubles)
    return replace(
        preview,
        pictures=tuple(pictures),
        troubles=tuple(troubles),
        unlooked=failed,
        pictures_of=f"{_BEFORE_FAILED}{missing}" if missing else "",
    )


async def _seen(
    house: House, ground: PreviewGround, terms: PreviewTerms, program: str, *, is_base: bool
) -> tuple[Mapping[str, Seen], str]:
    """Each pictured path, and why there are not all."""
    found: dict[str, Seen] = {}
    failed = ""
    ceilings = ceilings_of(terms, has_browser=True)
    try:
        async with preview_room(house, ground, ceilings, is_base=is_base) as sandbox:
            copy = await start_copy(sandbox, ground.declared)
            try:
                async with opened_browser(sandbox, program) as browser:
                    for path in ground.declared.pictured:
                        try:
                            found[path] = await browser.see(f"http://localhost:{copy.port}{path}")
                        except BrowserFailed as error:
                            failed = str(error)
            finally:
                await asyncio.shield(copy.stop())
    except (HonkError, BrowserFailed) as error:
        failed = str(error)
    return found, failed


async def _kept(house: House, seen: Seen | None) -> str | None:
    if seen is None:
        return None
    return await house.blobs.put(f"previews/{hashlib.sha256(seen.png).hexdigest()}.png", seen.png)


async def built(house: House, ground: PreviewGround, terms: PreviewTerms) -> tuple[Artifact, str]:
    """What the build left, kept, and the end of its log.

    Raises:
        NotReady: it left nothing that can be kept.
    """
    asked = ground.declared
    async with preview_room(house, ground, build_ceilings(terms)) as sandbox:
        log = await build(sandbox, asked)
        try:
            content = await asyncio.to_thread(taken, sandbox.upper, asked, terms.artifact_bytes)
        except NotReady as error:
            raise NotReady(str(error), log=log) from error
    digest = hashlib.sha256(content).hexdigest()
    name = PurePosixPath(asked.artifact).name
    blob = await house.blobs.put(f"previews/{digest}.{'zip' if asked.kind == 'site' else asked.kind}", content)
    return Artifact(name=name, kind=asked.kind, digest=digest, size_bytes=len(content), blob=blob), log


async def artifact_of(house: House, preview: Preview) -> bytes:
    """The kept bytes, as they were when they were built.

    Raises:
        NotFound: they are not kept any more.
        NotReady: what is kept is something else.
    """
    assert preview.artifact is not None
    content = await house.blobs.get(preview.artifact.blob)
    if await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest()) != preview.artifact.digest:
        raise NotReady("What is kept is not what was built: it was changed since. It is not handed out.")
    return content

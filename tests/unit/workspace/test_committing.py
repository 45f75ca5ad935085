"""Whose commits a person gave."""

from pathlib import Path

import pytest

from honk.domain.task import Person
from honk.testing.person import PersonRepository
from honk.workspace.committing import authors_between

pytestmark = pytest.mark.anyio


async def test_each_author_behind_the_base_is_named_once(tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    base, mirror = await person.git("rev-parse", "HEAD"), person.root / ".git"
    await person.commit({"a": "1"}, "One")
    await person.git(
        "-c", "user.name=Bob | x", "-c", "user.email=bob@example.org", "commit", "--allow-empty", "-qm", "2"
    )
    await person.git("-c", "user.name=Cy", "-c", "user.email=cy@example.org", "commit", "--allow-empty", "-qm", "3",
                     "--author=Nobody <nobody@example.org>")  # fmt: skip
    head = await person.commit({"a": "2"}, "Three")
    ada, bob = Person(name="Ada", email="ada@example.org"), Person(name="Bob | x", email="bob@example.org")
    others = {Person(name="Cy", email="cy@example.org"), Person(name="Nobody", email="nobody@example.org")}
    assert set(await authors_between(mirror, base, head)) == {ada, bob, *others}, "whoever only made one, too"
    assert await authors_between(mirror, base, base) == ()
    assert await authors_between(mirror, "f" * 40, head) == ()

"""The key that root's side hands over can be seen to be there without being read."""

import os

from honk.workspace.porter_source import KEY_FD, handed_key, is_key_handed


def handed(key: bytes) -> dict[str, str]:
    reading, writing = os.pipe()
    os.write(writing, key)
    os.close(writing)
    return {KEY_FD: str(reading)}


def test_a_key_that_waits_is_seen_and_stays_unread() -> None:
    environ = handed(b"a-key")
    assert is_key_handed(environ)
    assert handed_key(environ) == "a-key"


def test_no_key_is_no_key() -> None:
    environ = handed(b"")
    assert not is_key_handed(environ)
    assert handed_key(environ) is None
    assert not is_key_handed({})

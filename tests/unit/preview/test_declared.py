"""`[preview]` of a `.honk.toml`."""

import pytest

from honk.preview.declared import Declared, declared


def test_no_table_asks_for_nothing() -> None:
    assert declared("") is None
    assert declared("[verify]\n") is None
    assert declared("[preview") is None  # the gate's to name


def test_a_server_and_what_it_needs() -> None:
    found = declared(
        '[preview]\ncommand = "python3 app.py"\nport = 5000\nseed = "make seed"\npath = "/up"\n'
        'paths = ["/", "/a?b=1"]\n'
        'seconds = 5\nservices = ["redis"]\n'
    )
    assert found == Declared(
        command="python3 app.py", port=5000, seed="make seed", path="/up", paths=("/", "/a?b=1"), seconds=5.0,
        services=("redis",),
    )  # fmt: skip
    assert (found.kind, found.pictured) == ("server", ("/", "/a?b=1"))


@pytest.mark.parametrize(
    ("artifact", "kind"), [("out/app.apk", "apk"), ("App.IPA", "ipa"), ("dist.zip", "zip"), ("public", "site")]
)
def test_what_is_built_is_told_by_its_name(artifact: str, kind: str) -> None:
    found = declared(f'[preview]\nbuild = "make"\nartifact = "{artifact}"\n')
    assert found is not None
    assert (found.kind, found.problems) == (kind, ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("preview = 1", "must be a table"),
        ("[preview]", "either a command or a build"),
        ('[preview]\ncommand = "a"\nbuild = "b"\nartifact = "c"', "either a command or a build"),
        ('[preview]\nbuild = "b"', "go together"),
        ('[preview]\nbuild = "b"\nartifact = "../x.apk"', "below the tree"),
        ('[preview]\nbuild = "b"\nartifact = "/etc/passwd"', "below the tree"),
        ('[preview]\nbuild = "b"\nartifact = ".git/config"', "below the tree"),
        ('[preview]\ncommand = "a"\nhost = "x"', "no key 'host'"),
        ("[preview]\ncommand = 1", "command must be a text"),
        ('[preview]\ncommand = "a"\nport = 0', "port must be a positive number"),
        ('[preview]\ncommand = "a"\nport = true', "port must be"),
        ('[preview]\ncommand = "a"\nport = 70000', "port must be"),
        ('[preview]\ncommand = "a"\nseconds = -1', "seconds must be"),
        ('[preview]\ncommand = "a"\npath = "//evil"', "must begin with a slash"),
        ('[preview]\ncommand = "a"\npath = "a"', "must begin with a slash"),
        ('[preview]\ncommand = "a"\npaths = ["/a b"]', "must begin with a slash"),
        ('[preview]\ncommand = "a"\nservices = "redis"', "services must be a list"),
    ],
)
def test_what_is_not_understood_is_told_by_its_key(text: str, problem: str) -> None:
    found = declared(text)
    assert found is not None
    assert any(problem in one for one in found.problems), found.problems


def test_nobody_waits_longer_than_the_most() -> None:
    found = declared('[preview]\ncommand = "a"\nseconds = 99999\n')
    assert found is not None
    assert found.seconds == 1800

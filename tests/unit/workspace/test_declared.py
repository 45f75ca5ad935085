"""What a repository may say of its environment, and what its files hint at."""

from pathlib import Path

import pytest

from honk.workspace import Environment
from honk.workspace.beside import Beside, hints
from honk.workspace.declared import KEYS, declared
from honk.workspace.server_shelf import Found
from honk.workspace.servers import postgresql, redis
from honk.workspace.servers.table import ALIASES, ROWS


def test_the_whole_table() -> None:
    text = (
        '[environment]\nsetup = ["make stubs"]\nservices = ["postgresql", "redis", "redis"]\n'
        'packages = ["libpq-dev"]\nenv = { DB = "x" }\n'
    )
    asked = declared(text)
    assert (asked.setup, asked.services, asked.packages) == (("make stubs",), ("postgresql", "redis"), ("libpq-dev",))
    assert asked.env == {"DB": "x"}
    assert asked.problems == ()
    assert declared("").problems == declared("not toml").problems == ()


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("[environment]\nservice = []", "'service'"),
        ('environment = "x"', "must be a table"),
        ('[environment]\nservices = "redis"', "services must be a list"),
        ('[environment]\nsetup = ["make", 3]', "setup must be a list"),
        ('[environment]\npackages = ["-o Debug=1"]', "'-o Debug=1'"),
        ('[environment]\npackages = ["a; rm -rf /"]', "'a; rm -rf /'"),
        ('[environment.env]\nLD_PRELOAD = "./x.so"', "LD_PRELOAD"),
        ('[environment.env]\nPATH = "."', "PATH"),
        ('[environment.env]\nPYTHONPATH = "."', "PYTHONPATH"),
        ('[environment.env]\n_JAVA_OPTIONS = "-javaagent:x.jar"', "_JAVA_OPTIONS"),
        ('[environment.env]\nnode_options = "-r ./x"', "node_options"),
        ('[environment.env]\n"a b" = "."', "'a b'"),
        ("[environment.env]\nPORT = 3", "PORT"),
    ],
)
def test_what_is_not_understood_is_named_and_left_out(table: str, named: str) -> None:
    asked = declared(table + "\n")
    [problem] = asked.problems
    assert named in problem
    assert (asked.setup, asked.services, asked.packages, dict(asked.env)) == ((), (), (), {})


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("docker-compose.yml", "services:\n  db:\n    image: postgres:16-alpine\n  r:\n    image: 'redis'\n", 2),
        ("compose.yaml", "services:\n  db:\n    image: registry.example/postgis/postgis:16\n", 1),
        (".github/workflows/ci.yml", "jobs:\n  t:\n    services:\n      p:\n        image: postgres\n", 1),
        (".gitlab-ci.yml", "test:\n  services:\n    - postgres:15\n    - name: redis:7\n", 2),
        ("docs/compose.yml", "image: postgres:16\n", 0),
        ("docker-compose.yml", "image: postgres-exporter:1\n# image: redis\n", 0),
    ],
)
def test_a_server_that_a_file_names_is_a_hint(path: str, text: str, names: int) -> None:
    assert len(hints({path: text}, ())) == names
    assert hints({path: text}, ("postgres", "redis")) == ()


def test_what_a_repository_says_wins_over_a_server_and_both_mark_the_environment() -> None:
    asked = declared('[environment.env]\nDATABASE_URL = "mine"\n')
    servers = Found(servers=(postgresql.make("/usr/lib/postgresql/15/bin", "15.1"), redis.make("/usr/bin", "7.0")))
    plain = Environment(key="k", env={"A": "b"})
    both = Beside(declared=asked, servers=servers).added_to(plain)
    assert both.env["DATABASE_URL"] == "mine"
    assert both.env["REDIS_URL"] == "redis://127.0.0.1:6379/0"
    assert both.env["A"] == "b"
    assert plain.identity == "k"
    alone = Beside(declared=declared(""), servers=servers).added_to(plain)
    assert len({one.identity for one in (plain, both, alone)}) == 3, "a run on the base is remembered for what it saw"
    assert Beside(declared=declared("")).added_to(plain).identity == "k"


def test_the_page_names_every_key_service_and_variable() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/reference/environment.md").read_text()
    variables = {name for row in ROWS.values() for name in row.make("/usr/bin", "1").env}
    for name in (*KEYS, *ROWS, *ALIASES, *variables):
        assert f"`{name}`" in page, name

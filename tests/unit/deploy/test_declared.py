"""What a repository says of its deployment, within what it is granted."""

from dataclasses import replace
from pathlib import Path

import pytest

from honk.deploy import Grant
from honk.deploy.declared import Declared, declared
from honk.deploy.terms import NOT_VISIBLE, merged_into, migrations_among, origin_of, terms_of

WHOLE = """\
[deploy]
command = "./deploy.sh"
rollback = "./deploy.sh back"
health = "https://music.example.org/health"
secrets = ["DEPLOY_TOKEN"]
timeout_seconds = 30
health_seconds = 5
migrations = ["migrations/*", "*.sql"]
env = { STAGE = "live" }
environment = true
"""
GRANT = Grant(secrets={"DEPLOY_TOKEN": "env:T"}, health=("https://music.example.org",), folders=(Path("/srv"),))


def test_a_whole_table_is_read() -> None:
    assert declared(WHOLE) == Declared(
        command="./deploy.sh", rollback="./deploy.sh back", health="https://music.example.org/health",
        secrets=("DEPLOY_TOKEN",), env={"STAGE": "live"}, timeout_seconds=30, health_seconds=5,
        migrations=("migrations/*", "*.sql"), has_environment=True,
    )  # fmt: skip


def test_health_is_an_address_or_a_command() -> None:
    by_address, by_command = Declared(health="http://127.0.0.1:9/ok"), Declared(health="curl -f localhost")
    assert (by_address.health_url, by_address.health_command) == ("http://127.0.0.1:9/ok", "")
    assert (by_command.health_url, by_command.health_command) == ("", "curl -f localhost")


def test_no_table_is_no_wish() -> None:
    assert declared("") is None
    assert declared("[verify]\n") is None
    assert declared("not toml at all [") is None


@pytest.mark.parametrize(
    "text",
    [
        "[deploy]",
        "[deploy]\ncommand = 3",
        '[deploy]\ncommand = "x"\nroll_back = "y"',
        '[deploy]\ncommand = "x"\nsecrets = "A"',
        '[deploy]\ncommand = "x"\nsecrets = ["PATH"]',
        '[deploy]\ncommand = "x"\nsecrets = ["HONK_COMMIT"]',
        '[deploy]\ncommand = "x"\nsecrets = ["A-B"]',
        '[deploy]\ncommand = "x"\nenv = { https_proxy = "http://elsewhere" }',
        '[deploy]\ncommand = "x"\nsecrets = ["A"]\nenv = { A = "b" }',
        '[deploy]\ncommand = "x"\ntimeout_seconds = 0',
        '[deploy]\ncommand = "x"\ntimeout_seconds = true',
        '[deploy]\ncommand = "x"\nhealth_seconds = inf',
        '[deploy]\ncommand = "x"\nmigrations = [1]',
        '[deploy]\ncommand = "x"\nenvironment = "yes"',
        'deploy = "x"',
        "[deploy\ncommand = 1",
    ],
)
def test_half_a_wish_about_production_is_none(text: str) -> None:
    found = declared(text)
    assert found is not None
    assert found.problems
    assert terms_of(found, GRANT).why_not.startswith(NOT_VISIBLE)


def test_what_is_declared_and_granted_is_deployed() -> None:
    assert terms_of(declared(WHOLE), GRANT).why_not == ""


def test_without_a_table_or_a_grant_deployment_is_not_visible() -> None:
    assert "no [deploy]" in terms_of(None, GRANT).why_not
    assert "grants the repository none" in terms_of(declared(WHOLE), None).why_not


def test_a_wish_beyond_the_grant_is_told_and_nothing_acts() -> None:
    more = declared(WHOLE.replace('["DEPLOY_TOKEN"]', '["DEPLOY_TOKEN", "ROOT_KEY"]'))
    assert "the secret ROOT_KEY" in terms_of(more, GRANT).why_not
    elsewhere = declared(WHOLE.replace("https://music.example.org/", "https://music.example.org.evil.example/"))
    assert "health at https://music.example.org.evil.example" in terms_of(elsewhere, GRANT).why_not


def test_health_may_be_asked_where_the_installation_says_that_the_service_is() -> None:
    found = declared('[deploy]\ncommand = "./deploy"\nhealth = "$HONK_DEPLOY_URL/health"\n')
    here = terms_of(found, Grant(url="http://127.0.0.1:9000"))
    assert (here.why_not, here.health_url) == ("", "http://127.0.0.1:9000/health")
    assert "health at /health" in terms_of(found, Grant()).why_not
    beside = declared('[deploy]\ncommand = "./deploy"\nhealth = "http://127.0.0.1:9000@evil.example/health"\n')
    assert "which this installation does not grant" in terms_of(beside, Grant(url="http://127.0.0.1:9000")).why_not


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://a.example/x?y#z", "https://a.example"),
        ("https://a.example:443/x", "https://a.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://a.example@evil.example/", ""),
        ("https://user:word@a.example/", ""),
        ("https://a.example\\@evil.example/", ""),
        ("file:///etc/passwd", ""),
        ("https://a.example:99999/", ""),
        ("https://", ""),
    ],
)
def test_the_origin_of_an_address(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_a_change_of_data_is_found_by_globs() -> None:
    wanted = declared(WHOLE)
    paths = ("migrations/0001.py", "src/app.py", "deep/down/schema.sql")
    assert migrations_among(wanted, paths) == ("migrations/0001.py", "deep/down/schema.sql")
    assert migrations_among(None, paths) == ()
    assert migrations_among(Declared(migrations=("db/",)), ("db/a/b.py", "dba.py")) == ("db/a/b.py",)


def test_production_is_made_of_its_branches_alone() -> None:
    terms = terms_of(declared('[deploy]\ncommand = "true"\n'), Grant())
    assert merged_into(terms, "main") == merged_into(terms, "master") == terms
    for branch in ("side", "Main", "refs/heads/main", ""):
        assert f"merged into {branch}" in merged_into(terms, branch).why_not
    only = replace(terms, grant=Grant(branches=("trunk",)))
    assert merged_into(only, "trunk").why_not == ""
    assert "made of trunk" in merged_into(only, "main").why_not
    ungranted = terms_of(declared('[deploy]\ncommand = "true"\n'), None)
    assert merged_into(ungranted, "side") == ungranted

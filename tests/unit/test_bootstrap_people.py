"""The settings of signing in by another system: what is wrong is refused before anything begins."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import ValidationError

from honk.app import App
from honk.base.errors import UsageError
from honk.bootstrap_people import recognition_of
from honk.config import OidcSettings, Settings
from honk.domain.people import Role
from honk.workflows.key import read_secret

ISSUER = {"issuer": "https://login.example.org", "client_id": "honk"}
APP = cast(App, SimpleNamespace(people=None, ways_in=None))


def test_without_an_issuer_there_is_none(tmp_path: Path) -> None:
    assert recognition_of(Settings(home=tmp_path), APP) is None


def test_what_is_set_is_what_holds(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "oidc").write_text("s3cret\n")
    (tmp_path / "secrets" / "oidc").chmod(0o600)
    wanted = OidcSettings(
        **ISSUER, client_secret="file:secrets/oidc", allowed_domains=("@Example.org",), default_role="reader"
    )
    found = recognition_of(Settings(home=tmp_path, oidc=wanted), APP)
    assert found is not None
    assert (found.directory.name, found.directory.issuer) == ("login.example.org", ISSUER["issuer"])
    assert (found.rules.domains, found.rules.default_role) == (("example.org",), Role.READER)
    assert "s3cret" not in repr(found)
    assert "s3cret" not in repr(wanted)


def test_a_secret_of_the_environment_is_struck_out_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADE_UP_SECRET", "s3cret")
    assert read_secret("env:MADE_UP_SECRET", tmp_path, "oidc.client_secret") == "s3cret"
    with pytest.raises(UsageError, match="empty or not set"):
        read_secret("env:MADE_UP_SECRET", tmp_path, "oidc.client_secret")


@pytest.mark.parametrize(("mode", "text"), [(0o644, "s3cret"), (0o660, "s3cret"), (0o600, " \n"), (0o600, None)])
def test_a_secret_that_others_can_read_or_that_is_none_is_refused(tmp_path: Path, mode: int, text: str | None) -> None:
    if text is not None:
        (tmp_path / "oidc").write_text(text)
        (tmp_path / "oidc").chmod(mode)
    with pytest.raises(UsageError) as refused:
        read_secret("file:oidc", tmp_path, "oidc.client_secret")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://login.example.org"},
        {"issuer": "login.example.org"},
        {"client_id": ""},
        {"client_secret": "s3cret"},
        {"default_role": "admin"},
        {"default_role": "approver"},
        {"default_role": "reader"},
        {"scopes": "email profile"},
        {"misspelt": 1},
    ],
)
def test_a_setting_that_would_let_in_more_than_was_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OidcSettings(**{**ISSUER, **wrong})

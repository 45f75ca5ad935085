"""The files of a server are what systemd understands, and hold to the rules of where to listen."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from needs import needed

from honk.domain.server_text import server_files

SAID = {"user": "honk", "host": "127.0.0.1", "port": 8300, "home": "/var/lib/honk"}


def files(**said: object) -> dict[str, str]:
    given = {"program": "/usr/bin/true", "public_url": "https://honk.example.org", "preview_domain": "", **SAID, **said}
    return server_files(**given)  # type: ignore[arg-type]


def test_the_unit_has_its_own_user_its_cgroups_and_no_rights() -> None:
    unit = files()["honk.service"]
    for line in (
        "User=honk", "Delegate=memory pids cpu", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "KillMode=mixed",
        "ExecStart=/usr/bin/true serve --host 127.0.0.1 --port 8300", "ReadWritePaths=/var/lib/honk", "ProtectHome=yes",
    ):  # fmt: skip
        assert f"\n{line}\n" in unit
    for forbidden in ("RestrictNamespaces=", "ProtectKernelTunables=", "ProtectProc=", "PrivateDevices="):
        assert not re.search(f"^{forbidden}", unit, re.MULTILINE), "sandboxes need what it takes away"
    assert "ProtectHome=read-only" in files(home=str(Path("/", "home", "honk")))["honk.service"]


@pytest.mark.slow
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    verify = needed("systemd-analyze")
    unit = tmp_path / "honk.service"
    unit.write_text(files(program=sys.executable, user="root")["honk.service"])
    done = subprocess.run([verify, "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False)
    told = [line for line in done.stderr.splitlines() if "honk.service" in line and "DelegateSubgroup" not in line]
    assert not told, "\n".join(told)


def test_the_proxies_name_the_console_and_the_previews_and_let_events_through() -> None:
    told = files(preview_domain="previews.example.net")
    assert told["honk.caddy"].splitlines()[1] == "honk.example.org, *.previews.example.net {"
    assert "flush_interval -1" in told["honk.caddy"]
    assert "server_name honk.example.org *.previews.example.net;" in told["honk.nginx"]
    assert "proxy_buffering off;" in told["honk.nginx"]
    assert told["honk.nginx"].count("{") == told["honk.nginx"].count("}") == 2


def test_the_settings_are_settings(tmp_path: Path) -> None:
    import tomllib

    from honk.config import ServeSettings

    read = ServeSettings(**tomllib.loads(files(preview_domain="previews.example.net")["honk.toml"])["serve"])
    assert read.public_url == "https://honk.example.org"
    assert read.behind_proxy

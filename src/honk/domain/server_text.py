"""The files that make a server of Honk: a unit of systemd, and what a proxy in front of it needs. Pure."""

from pathlib import PurePosixPath
from urllib.parse import urlsplit

_HOMES = (("home",), ("root",))
"""What `ProtectHome=` hides, as the first part of a path (systemd.exec(5))."""
_UNIT = """\
# Honk, a background coding agent. Written by `honk setup server`.
#
#   sudo useradd --system --create-home --home-dir {home} --shell /usr/sbin/nologin {user}
#   sudo install -m 644 honk.service /etc/systemd/system/honk.service
#   sudo systemctl daemon-reload && sudo systemctl enable --now honk
#   sudo -u {user} install -D -m 600 /dev/stdin {home}/secrets/anthropic     # the model key; Ctrl-D ends it
#   sudo journalctl -u honk                                                # shows the owner's way in, once
[Unit]
Description=Honk, a background coding agent
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=exec
User={user}
Group={user}
Environment=HONK_HOME={home}
ExecStart={program} serve --host {host} --port {port}
# An interrupt parks what runs; it goes on at the next start.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=30
Restart=on-failure
RestartSec=2
# Each sandbox gets a cgroup of its own below this one, with its memory and its processes bounded.
Delegate=memory pids cpu
DelegateSubgroup=serve
# Honk needs nothing of root's. What would take away the namespaces that sandboxes are made of is left out:
# RestrictNamespaces=, ProtectKernelTunables=, ProtectProc=, PrivateDevices=, a SystemCallFilter= without mount.
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths={home}
ProtectHome={protect_home}
PrivateTmp=yes
UMask=0077
LimitNOFILE=65536
TasksMax=16384

[Install]
WantedBy=multi-user.target
"""
_CADDY = """\
# For Caddy, which gets the certificates by itself. Written by `honk setup server`.
{names} {{
\treverse_proxy {host}:{port} {{
\t\tflush_interval -1
\t}}
}}
"""
_NGINX = """\
# For nginx; put your certificate's files in place. Written by `honk setup server`.
server {{
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name {names};
    ssl_certificate     /etc/ssl/honk.pem;
    ssl_certificate_key /etc/ssl/honk.key;
    client_max_body_size 2m;

    location / {{
        proxy_pass http://{host}:{port};
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto https;
        proxy_set_header Connection "";
        # Events are told as they come, for as long as somebody looks.
        proxy_buffering off;
        proxy_read_timeout 1h;
    }}
}}
"""
_SETTINGS = """\
# For {home}/honk.toml. Written by `honk setup server`.
[serve]
host = "{host}"
port = {port}
public_url = "{public_url}"
preview_domain = "{preview_domain}"
behind_proxy = true
"""


def server_files(
    *, program: str, home: str, user: str, host: str, port: int, public_url: str, preview_domain: str
) -> dict[str, str]:
    """Each file by its name. `program` is the whole path of `honk`, which the user must be able to start."""
    console = urlsplit(public_url).hostname or "honk.example.org"
    names = [console, *([f"*.{preview_domain}"] if preview_domain else [])]
    needs_homes = any(PurePosixPath(path).parts[1:2] in _HOMES for path in (home, program))
    said = {"program": program, "home": home, "user": user, "host": host, "port": port}
    said |= {"public_url": public_url or "https://honk.example.org", "preview_domain": preview_domain}
    return {
        "honk.service": _UNIT.format(**said, protect_home="read-only" if needs_homes else "yes"),
        "honk.caddy": _CADDY.format(**said, names=", ".join(names)),
        "honk.nginx": _NGINX.format(**said, names=" ".join(names)),
        "honk.toml": _SETTINGS.format(**said),
    }

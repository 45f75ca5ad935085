"""The names under which previews are reached: one host each, below a domain that is never the console's. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from honk.domain.exposure import is_loopback
from honk.preview.passage import Place

LOCAL = "localhost"
"""Below it browsers find this machine, by any name."""
_LABEL = re.compile(r"p[a-z2-7]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """`domain` is empty where previews have no place: then nothing is shown."""

    domain: str
    scheme: str = "http"
    port: int | None = None
    """None is the scheme's own."""

    def label_in(self, host: str) -> str | None:
        """Of a `Host` header the preview's label, empty for none that could be one; None for a host of somebody else's,
        the console's too."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.rstrip(".").lower()
        if not self.domain or not name.endswith(f".{self.domain}"):
            return None
        label = name.removesuffix(f".{self.domain}")
        return label if _LABEL.fullmatch(label) else ""

    def origin_of(self, label: str) -> str:
        """Scheme, host and port."""
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}://{label}.{self.domain}{port}"

    def place_of(self, label: str, inner_port: int) -> Place:
        """Where it stands for the browser and for itself."""
        return Place(origin=self.origin_of(label), port=inner_port)


def hosts_of(preview_domain: str, public_url: str, *, listens_on: str, port: int, is_secure: bool) -> Hosts:
    """By the settings; without a domain only where people and previews are on this one machine."""
    public = urlsplit(public_url)
    is_near = not public.hostname or is_loopback(public.hostname)
    domain = preview_domain or (LOCAL if is_loopback(listens_on) and is_near else "")
    outer = public.port if public.hostname else port
    scheme = "https" if is_secure else "http"
    return Hosts(domain=domain, scheme=scheme, port=None if outer in (80, 443) else outer)

"""Where packages come from here: pip's and uv's settings, and one download for a Python that has no pip."""

import base64
import configparser
import html.parser
import os
import platform
import re
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 60


class PackageIndexError(Exception):
    """The index cannot be found, reached or trusted; the message says what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What pip would use, as far as uv and a plain download need to know."""

    url: str | None = None
    """None: nothing is configured, and every tool takes its own default."""
    extra_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    is_offline: bool = False
    certificates: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    proxy: str | None = None

    def for_uv(self) -> dict[str, str]:
        """The same in uv's variables (not on its command line: an address may hold a password)."""
        links = [link for link in self.find_links if "://" in link or Path(link).is_dir()]
        named = {
            "UV_DEFAULT_INDEX": self.url,
            "UV_INDEX": " ".join(self.extra_urls),
            # As pip does it; every file is checked against its pinned hash all the same.
            "UV_INDEX_STRATEGY": "unsafe-best-match" if self.extra_urls else "",
            "UV_FIND_LINKS": ",".join(links),
            "UV_NO_INDEX": "1" if self.is_offline else "",
            "UV_INSECURE_HOST": " ".join(self.trusted_hosts),
            "ALL_PROXY": self.proxy,
        }
        if self.certificates:
            named["SSL_CERT_DIR" if Path(self.certificates).is_dir() else "SSL_CERT_FILE"] = self.certificates
        return {name: value for name, value in named.items() if value}


def read(env: Mapping[str, str]) -> Settings:
    """uv's variables for the index first, then pip's variables, then pip's configuration files."""
    pip = dict(pip_configuration(env))
    pip |= {
        name[4:].lower().replace("_", "-"): value for name, value in env.items() if name.startswith("PIP_") and value
    }
    return Settings(
        url=env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL") or pip.get("index-url"),
        extra_urls=tuple(pip.get("extra-index-url", "").split()),
        find_links=tuple(pip.get("find-links", "").split()),
        is_offline=pip.get("no-index", "").lower() in {"1", "true", "yes", "on"},
        certificates=pip.get("cert"),
        trusted_hosts=tuple(pip.get("trusted-host", "").split()),
        proxy=pip.get("proxy"),
    )


def pip_configuration(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Option and value, weakest file first, `[global]` before the sections of the commands that install."""
    named = env.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    places = [Path(folder, "pip", "pip.conf") for folder in env.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    places.append(Path("/etc/pip.conf"))
    if home := env.get("HOME"):
        places += [
            Path(home, ".pip", "pip.conf"),
            Path(env.get("XDG_CONFIG_HOME") or f"{home}/.config", "pip", "pip.conf"),
        ]
    places += [Path(sys.prefix, "pip.conf")] + ([Path(named)] if named else [])
    for place in places:
        parser = configparser.RawConfigParser()
        try:
            parser.read(place, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError) as error:
            raise PackageIndexError(f"pip's configuration {place} cannot be read: {error}") from error
        for section in ("global", "download", "install"):
            if parser.has_section(section):
                yield from ((name.replace("_", "-"), value) for name, value in parser.items(section))


def default_url() -> str:
    """The public index. No file of ours names its host; the standard library's own sources do."""
    source = Path(unittest.__file__).with_name("mock.py")
    found = re.search(r"https://([\w.-]+)/project/mock\b", source.read_text() if source.exists() else "")
    if found is None:
        raise PackageIndexError("no package index is configured, and there is no pip to ask; set PIP_INDEX_URL to one")
    return f"https://{found[1]}/simple"


def download(name: str, version: str, into: Path, settings: Settings) -> Path:
    """The wheel for this machine, straight from the index. Unchecked: the caller compares the hash.

    Raises:
        PackageIndexError: not found or not reached.
    """
    page = f"{(settings.url or default_url()).rstrip('/')}/{name}/"
    links = [link for link in links_of(page, settings) if fits(link, name, version)]
    if not links:
        raise PackageIndexError(f"{without_password(page)} has no wheel of {name} {version} for {platform.machine()}")
    wheel = into / file_name(links[0])
    wheel.write_bytes(get(links[0], settings))
    return wheel


def links_of(page: str, settings: Settings) -> list[str]:
    """Every file that the project's page lists."""
    anchors = Anchors()
    anchors.feed(get(page, settings).decode("utf-8", "replace"))
    return [urllib.parse.urljoin(page, link) for link in anchors.links]


class Anchors(html.parser.HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]


def file_name(link: str) -> str:
    """The last part of the link's path."""
    return urllib.parse.unquote(urllib.parse.urlsplit(link).path).rsplit("/", 1)[-1]


def fits(link: str, name: str, version: str) -> bool:
    """Whether the link is a wheel of this version for this system, machine and C library."""
    parts = file_name(link).removesuffix(".whl").split("-")
    if len(parts) != 5 or parts[:2] != [name, version]:
        return False
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    system = {"linux": libc, "darwin": "macosx"}.get(sys.platform, "nowhere")
    return any(tag.startswith(system) and tag.endswith(f"_{platform.machine()}") for tag in parts[4].split("."))


def get(url: str, settings: Settings) -> bytes:
    """What the address answers with; a user and password in it go into a header, and only there."""
    parts = urllib.parse.urlsplit(url)
    headers = {"Accept": "text/html", "User-Agent": "honk-bootstrap"}
    if parts.username:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    for name, value in settings.for_uv().items():
        if name in {"SSL_CERT_FILE", "SSL_CERT_DIR"}:
            os.environ.setdefault(name, value)  # what the ssl module reads
        if name == "ALL_PROXY":
            os.environ.setdefault("HTTPS_PROXY", value)
    bare = without_password(url)
    try:
        with urllib.request.urlopen(urllib.request.Request(bare, headers=headers), timeout=TIMEOUT_SECONDS) as answer:
            return bytes(answer.read())
    except (OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise PackageIndexError(
            f"{bare} could not be read: {error}. Set PIP_INDEX_URL to an index you can reach, "
            "PIP_CERT or SSL_CERT_FILE to its certificates, HTTPS_PROXY to a proxy"
        ) from error


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

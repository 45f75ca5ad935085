"""What a repository wants, within what it was granted: it can only narrow that. Pure."""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from honk.deploy import Grant
from honk.deploy.declared import DEPLOY_URL, Declared

NOT_VISIBLE = "Merged; deployment not visible to Honk"
"""The first words wherever Honk does not deploy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for one commit."""

    declared: Declared
    grant: Grant
    why_not: str = ""
    """Why nothing is deployed, for people; empty where it is."""

    @property
    def health_url(self) -> str:
        """The address to ask for health; empty where that is a command, or nothing."""
        return self.declared.health_url.replace(DEPLOY_URL, self.grant.url, 1)


def terms_of(declared: Declared | None, grant: Grant | None) -> Terms:
    """What is declared and granted; a wish beyond the grant is told, and nothing of the table acts."""
    wanted, given = declared or Declared(), grant or Grant()
    return Terms(declared=wanted, grant=given, why_not=_why_not(declared, grant))


def _why_not(declared: Declared | None, grant: Grant | None) -> str:
    if declared is None:
        return f"{NOT_VISIBLE}: its .honk.toml has no [deploy]."
    if grant is None:
        return (
            f"{NOT_VISIBLE}: this installation grants the repository none. The owner does so by [deploy] in honk.toml."
        )
    if declared.problems:
        return f"{NOT_VISIBLE}: {' '.join(declared.problems)}"
    asked = [f"the secret {name}" for name in declared.secrets if name not in grant.secrets]
    address = declared.health_url.replace(DEPLOY_URL, grant.url, 1)
    if address and origin_of(address) not in (*grant.health, grant.url or None):
        asked.append(f"health at {origin_of(address) or address}")
    if asked:
        return f"{NOT_VISIBLE}: it asks for {' and '.join(asked)}, which this installation does not grant it."
    return ""


def merged_into(terms: Terms, branch: str) -> Terms:
    """The same for a commit that was merged into the branch."""
    if terms.why_not or branch in terms.grant.branches:
        return terms
    made_of = " or ".join(terms.grant.branches) or "no branch"
    words = f"it is merged into {branch}, and production is made of {made_of} (branches, of its grant in honk.toml)."
    return replace(terms, why_not=f"{NOT_VISIBLE}: {words}")


def origin_of(url: str) -> str:
    """Scheme, host and port of an address as they are granted; empty for what is none, or names anybody."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in url:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if port in (None, usual) else f"{parts.scheme}://{host}:{port}"


def migrations_among(declared: Declared | None, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the paths that change data: undoing them restores none."""
    globs = declared.migrations if declared else ()
    return tuple(path for path in paths if any(_matches(path, glob) for glob in globs))


def _matches(path: str, glob: str) -> bool:
    """As other globs of a `.honk.toml`: `*` crosses folders, one without a slash fits any file's name, and a folder
    with a slash at its end stands for all below it."""
    return (
        fnmatchcase(path, glob)
        or ("/" not in glob and fnmatchcase(path.rpartition("/")[2], glob))
        or (glob.endswith("/") and path.startswith(glob))
    )

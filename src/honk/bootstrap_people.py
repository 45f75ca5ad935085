"""Names what has to do with people and how they come in, beside `bootstrap`, which names everything else."""

from datetime import timedelta
from urllib.parse import urlsplit

from honk.app import App
from honk.config import Settings
from honk.domain.passes import Stay
from honk.domain.people import Role
from honk.domain.recognition import Admittance
from honk.store.sql import SqlStore
from honk.workflows.key import read_secret
from honk.workflows.people import PeopleDesk
from honk.workflows.recognition import Recognition
from honk.workflows.ways_in import WaysIn


def recognition_of(settings: Settings, app: App) -> Recognition | None:
    """None where nobody signs in by another system.

    Raises:
        UsageError: its secret is not where it is said to be, or can be read by others.
    """
    wanted = settings.oidc
    if not wanted.issuer:
        return None
    from honk.people.oidc import OidcDirectory  # brings a library for keys along, which nobody else needs

    directory = OidcDirectory(
        issuer=wanted.issuer,
        client_id=wanted.client_id,
        client_secret=read_secret(wanted.client_secret, settings.home, "oidc.client_secret"),
        name=wanted.name or urlsplit(wanted.issuer).hostname or wanted.issuer,
        groups_claim=wanted.groups_claim,
        scopes=wanted.scopes,
    )
    role = None if wanted.default_role == "none" else Role(wanted.default_role)
    rules = Admittance(domains=wanted.allowed_domains, groups=wanted.allowed_groups, default_role=role)
    return Recognition(directory=directory, rules=rules, desk=app.people, ways_in=app.ways_in)


def people_of(store: SqlStore) -> PeopleDesk:
    """Who may come in."""
    return PeopleDesk(people=store.people, audit=store.audit)


def ways_in_of(settings: Settings, store: SqlStore) -> WaysIn:
    """How they do."""
    wanted = settings.serve
    return WaysIn(
        people=store.people,
        links=store.links,
        sessions=store.sessions,
        tokens=store.tokens,
        audit=store.audit,
        stay=Stay(idle=timedelta(hours=wanted.session_idle_hours), whole=timedelta(days=wanted.session_days)),
    )

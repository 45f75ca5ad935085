"""The SQL store: one database and one folder of blobs below HONK_HOME."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from honk.store import StoreError
from honk.store.anchor import ANCHOR_NAME, FileAnchor
from honk.store.approvals import SqlApprovals
from honk.store.audit import Anchor
from honk.store.audit_log import SqlAudit
from honk.store.blobs import FolderBlobs
from honk.store.board import SqlBoard
from honk.store.database import Database, migrate
from honk.store.deployments import SqlDeployments
from honk.store.events import SqlEvents
from honk.store.heard import Billed, Ear, HeardLedger
from honk.store.holdings import SqlHoldings
from honk.store.ledger import SqlLedger
from honk.store.memo import SqlMemo
from honk.store.messages import SqlMessages
from honk.store.parking import SqlParking
from honk.store.passes import SqlApiTokens, SqlSignInLinks, SqlWebSessions
from honk.store.people import SqlPeople
from honk.store.previews import SqlPreviews
from honk.store.pull_requests import SqlPullRequests
from honk.store.quotas import SqlQuotas
from honk.store.repositories import SqlRepositories
from honk.store.runs import SqlRuns
from honk.store.shipments import SqlShipments
from honk.store.tasks import SqlTasks

DATABASE_NAME = "honk.db"


class SqlStore:
    """Every port of the room on one database."""

    def __init__(self, database: Database, blobs: FolderBlobs, anchors: Sequence[Anchor]) -> None:
        self._database = database
        self.tasks = SqlTasks(database)
        self.repositories = SqlRepositories(database)
        self.runs = SqlRuns(database)
        self.events = SqlEvents(database)
        self.pull_requests = SqlPullRequests(database)
        self.approvals = SqlApprovals(database)
        self.messages = SqlMessages(database, self.events)
        self.parking = SqlParking(database, self.events)
        self.deployments = SqlDeployments(database, self.events)
        self.previews = SqlPreviews(database, self.events)
        self.shipments = SqlShipments(database, self.events)
        self.people = SqlPeople(database)
        self.links, self.sessions = SqlSignInLinks(database), SqlWebSessions(database)
        self.tokens = SqlApiTokens(database)
        self.ledger: Billed = SqlLedger(database)
        self.board = SqlBoard(database)
        self.memo = SqlMemo(database)
        self.quotas = SqlQuotas(database)
        self.holdings = SqlHoldings(database)
        self.audit = SqlAudit(database, anchors)
        self.blobs = blobs

    def listen(self, ear: Ear) -> None:
        """From now on what is told and billed through this store is heard as well."""
        self.events.ear, self.ledger = ear, HeardLedger(self.ledger, ear)

    async def close(self) -> None:
        """Close the database; what was committed stays."""
        await self._database.close()


async def open_store(home: Path, elsewhere: Anchor | None = None) -> SqlStore:
    """The store below `home`, made if it is not there, brought to this Honk's schema if it is. The audit log's head is
    kept beside it, and `elsewhere`.

    Raises:
        NewerSchema: a newer Honk wrote it; nothing was touched.
        StoreError: the folder or the database cannot be used.
    """
    try:
        await asyncio.to_thread(_make_folders, home)
    except OSError as error:
        raise StoreError(
            f"The state folder {home} cannot be made: {error.strerror or error}. Nothing was begun."
        ) from error
    path = home / DATABASE_NAME
    await migrate(path)
    anchors = [one for one in (FileAnchor(home / ANCHOR_NAME), elsewhere) if one is not None]
    return SqlStore(Database(path), FolderBlobs(home / "blobs"), anchors)


def _make_folders(home: Path) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "blobs").mkdir(mode=0o700, exist_ok=True)

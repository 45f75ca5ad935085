"""Names the rules by which the house is kept, beside `bootstrap`, which names everything else."""

from honk.config import Settings
from honk.domain.retention import Kind, Rules
from honk.engine.records import DBOSRecords
from honk.store.sql import DATABASE_NAME, SqlStore
from honk.workflows.housekeeping import Housekeeper


def housekeeper_of(settings: Settings, store: SqlStore) -> Housekeeper:
    """For the owner of the state folder."""
    wanted = settings.retention
    days = {
        Kind.TEMPLATE: wanted.template_days,
        Kind.ENVIRONMENT: wanted.environment_days,
        Kind.WORKSPACE: wanted.workspace_days,
        Kind.AGENT_STATE: wanted.agent_state_days,
        Kind.LOG: wanted.log_days,
        Kind.FAULT_LOG: wanted.fault_log_days,
        Kind.ENGINE_ROW: wanted.engine_row_days,
        Kind.DEMO: wanted.demo_days,
        Kind.BACKUP: wanted.backup_days,
    }
    return Housekeeper(
        home=settings.home,
        holdings=store.holdings,
        records=DBOSRecords(settings.home / DATABASE_NAME),
        rules=Rules(days=days, ceiling_bytes=int(wanted.max_gib * 2**30)),
        min_free_bytes=wanted.min_free_mib << 20,
    )

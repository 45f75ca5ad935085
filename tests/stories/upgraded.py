"""`upgraded.py HONK-WORDS...`: the next Honk, whose schema is a step further."""

import sys
from functools import partial
from pathlib import Path

from honk.cli.main import main
from honk.store import sql
from honk.store.database import OURS, Steps, migrate

NEXT = Steps(
    revisions=(*OURS.revisions, "9999"), folders=(*OURS.folders, Path(__file__).resolve().parent / "next_schema")
)

if __name__ == "__main__":
    sql.migrate = partial(migrate, steps=NEXT)
    sys.exit(main())

"""Wires what ships, beside `bootstrap`, which names everything else."""

import os
from functools import partial
from pathlib import Path

from honk.base.errors import UsageError
from honk.base.lock import ACTS_LOCK_NAME
from honk.base.whereabouts import is_owned, server_of
from honk.config import Settings
from honk.deploy.health import HttpProber
from honk.deploy.sandboxed import SandboxedDeployer
from honk.deploy.secrets import SecretShelf
from honk.engine import Engine
from honk.engine.at_once import AtOnceEngine
from honk.sandbox.none import NoneBackend
from honk.workflows.approving import Approving
from honk.workflows.delivering import Delivering
from honk.workflows.delivery import Deliver
from honk.workflows.deploying import Deploying
from honk.workflows.house import House
from honk.workflows.people import PeopleDesk
from honk.workflows.production import Production
from honk.workflows.tapping import WORKFLOW, Tapping


def delivery_of(settings: Settings, house: House, engine: Engine, people: PeopleDesk) -> Tapping:
    """The desk for merges, with what follows on one; their workflows are registered."""
    approving = Approving(house=house, people=people, terms=settings.merge.terms())
    deploying = Deploying(production=_production(settings, house, engine))
    engine.register(WORKFLOW, Deliver(Delivering(house=house, approving=approving, deploying=deploying)))
    engine.register("deploy", deploying.deploy)
    return Tapping(house=house, engine=engine, approving=approving, deploying=deploying)


def _production(settings: Settings, house: House, engine: Engine) -> Production:
    grants = settings.deploy.grants()
    _refuse_own_folder(settings)
    references = [reference for grant in grants.values() for reference in grant.secrets.values()]
    return Production(
        house=house,
        engine=engine,
        deployer=SandboxedDeployer(house.blobs.put),
        prober=HttpProber(),
        read_secret=SecretShelf(settings.home, references, os.environ).read,
        grants=grants,
        is_isolating=settings.sandbox != NoneBackend.name,
        begins=_begins(settings.home, engine),
        is_acted_elsewhere=partial(_is_acting, settings.home, engine),
    )


def _refuse_own_folder(settings: Settings) -> None:
    """Raises UsageError where a deployment could write what Honk itself is made of."""
    home = settings.home
    for name, one in settings.deploy.repositories.items():
        for folder in one.folders:
            if folder == home or folder.is_relative_to(home) or home.is_relative_to(folder):
                raise UsageError(
                    f"deploy.repositories.{name}.folders grants {folder}, and the state folder {home} is one with it: "
                    "a deployment could write keys and evidence. Nothing was begun. Choose another folder."
                )


def _begins(home: Path, engine: Engine) -> frozenset[str]:
    """An act beside a server leaves it all to that one; beside nobody it does not begin tasks, as an undo would."""
    if not isinstance(engine, AtOnceEngine):
        return frozenset({"deploy", "undo"})
    return frozenset() if server_of(home) is not None else frozenset({"deploy"})


def _is_acting(home: Path, engine: Engine) -> bool:
    """Whether a command merges, and deploys, in another process just now."""
    return not isinstance(engine, AtOnceEngine) and is_owned(home, ACTS_LOCK_NAME)

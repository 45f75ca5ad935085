"""Typed settings of `[deploy]`: what repositories may have on their way to production."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from honk.deploy import Grant
from honk.deploy.door import target_of
from honk.deploy.secrets import KINDS
from honk.deploy.terms import origin_of


class RepositoryDeploySettings(BaseModel):
    """What one repository's deployments may have. It asks for some of it by [deploy] of its .honk.toml."""

    model_config = ConfigDict(extra="forbid")

    secrets: dict[str, str] = {}
    """By the variable's name, where each is: env:VARIABLE, file:PATH (below the state folder, mode 600) or
    command:LINE, a program that prints it. Never the secret itself."""
    folders: tuple[Path, ...] = ()
    """Of this machine, to be written; shown where they are."""
    hosts: tuple[str, ...] = ()
    """As deploy.example.org:443. Names must lead to the open network; an address goes where it says."""
    private_hosts: tuple[str, ...] = ()
    """The same, for names that may lead into a private network."""
    health: tuple[str, ...] = ()
    """Origins that may be asked for health, as https://music.example.org."""
    url: str = ""
    """Where the repository is found in production, as https://music.example.org. Its commands have it in
    HONK_DEPLOY_URL, and its health may be asked there."""
    timeout_seconds: float = Field(1800.0, gt=0, le=6 * 3600)
    """A command is ended after so long at the latest."""
    location: str = ""
    """Of the repository, where several have its name."""
    branches: tuple[str, ...] = ("main", "master")
    """What is merged into another one is not deployed: whoever asks for a task chooses its base."""

    @field_validator("secrets")
    @classmethod
    def _are_references(cls, secrets: dict[str, str]) -> dict[str, str]:
        for name, reference in secrets.items():
            if not reference.startswith(KINDS) or not reference.partition(":")[2].strip():
                raise ValueError(f"{name} says where the secret is: env:VARIABLE, file:PATH or command:LINE")
        return secrets

    @field_validator("folders")
    @classmethod
    def _are_whole(cls, folders: tuple[Path, ...]) -> tuple[Path, ...]:
        if wrong := [str(one) for one in folders if not one.is_absolute() or ".." in one.parts or one == Path("/")]:
            raise ValueError(f"{wrong[0]} is no folder by its whole path")
        return folders

    @field_validator("hosts", "private_hosts")
    @classmethod
    def _are_targets(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            target_of(host)
        return hosts

    @field_validator("health")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [one for one in origins if origin_of(one) != one]:
            raise ValueError(f"{wrong[0]!r} is no origin, as https://music.example.org")
        return origins

    @field_validator("url")
    @classmethod
    def _is_an_origin(cls, url: str) -> str:
        if url and origin_of(url) != url:
            raise ValueError(f"{url!r} is no origin, as https://music.example.org")
        return url


class DeploySettings(BaseModel):
    """Deployments. A repository that is not named here is merged, and not deployed by Honk."""

    model_config = ConfigDict(extra="forbid")

    repositories: dict[str, RepositoryDeploySettings] = {}
    """By the repository's name."""

    def grants(self) -> Mapping[str, Grant]:
        """The same, as deployments take them."""
        return {
            name: Grant(
                secrets=one.secrets,
                folders=one.folders,
                hosts=one.hosts,
                private_hosts=one.private_hosts,
                health=one.health,
                url=one.url,
                timeout_seconds=one.timeout_seconds,
                location=one.location,
                branches=one.branches,
            )
            for name, one in self.repositories.items()
        }

"""Typed settings of an installation: `honk.toml` in the state folder, and `HONK_` variables over it."""

import os
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from honk.base.errors import UsageError
from honk.config_delivery import MergeSettings, PullRequestSettings
from honk.config_deploy import DeploySettings
from honk.config_preview import PreviewSettings
from honk.config_telemetry import TelemetrySettings
from honk.domain.commit_text import parse_person
from honk.domain.exposure import checked_preview_domain, checked_public_url, is_safe_address
from honk.domain.quota import Allowances

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ROOT_HOME = Path("/var/lib/honk")
ANTHROPIC_URL = "https://api.anthropic.com"


class LimitSettings(BaseModel):
    """Ceilings of one run."""

    model_config = ConfigDict(extra="forbid")

    attempts: int = Field(3, ge=1, le=20)
    turns: int = Field(60, ge=1, le=2000)
    wall_minutes: float = Field(30.0, gt=0, le=24 * 60)
    idle_seconds: float = Field(400.0, gt=0)
    cost_usd: float = Field(5.0, gt=0)
    output_mib: int = Field(64, ge=1)
    disk_mib: int = Field(4096, ge=64)


class PriceSettings(BaseModel):
    """Of one model: US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid")

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)


class ModelSettings(BaseModel):
    """Where models are, and what unlisted ones cost."""

    model_config = ConfigDict(extra="forbid")

    name: str = "sonnet"
    base_url: str = ANTHROPIC_URL
    headers: dict[str, str] = {}
    """Sent to the upstream with every call; for an own gateway in between."""
    prices: dict[str, PriceSettings] = {}
    """By model."""


class JudgeSettings(BaseModel):
    """The judge."""

    model_config = ConfigDict(extra="forbid")

    is_on: bool = True
    model: str = "claude-sonnet-5-5"
    """A full id: the short names are the agent's own."""
    timeout_seconds: float = Field(120.0, gt=0)


class AcpSettings(BaseModel):
    """What an agent `acp:...` is given beside its command line."""

    model_config = ConfigDict(extra="forbid")

    env: dict[str, str] = {}
    """Variables of the program; {model_url}, {token}, {model} and {state} in them stand for those of the run."""
    folders: tuple[Path, ...] = ()
    """Shown in the agent's sandbox, read-only, where they are: what the program is made of, if that is not in /usr."""

    @field_validator("folders")
    @classmethod
    def _are_whole(cls, folders: tuple[Path, ...]) -> tuple[Path, ...]:
        if wrong := [str(folder) for folder in folders if not folder.is_absolute() or not folder.is_dir()]:
            raise ValueError(f"{wrong[0]} is no folder by its whole path")
        return folders


class IdentitySettings(BaseModel):
    """In whose name commits are made, and what they are signed with."""

    model_config = ConfigDict(extra="forbid")

    author: str = "asker"
    """Whoever asked; or "NAME <E-MAIL>" for everybody."""
    committer: str = "Honk <honk@localhost>"
    sign_off: bool = False
    """Whether each commit carries its author's Signed-off-by."""
    signing: Literal["off", "ssh", "gpg"] = "off"
    signing_key: str = ""
    """ssh: a private key's file (below the state folder, unless absolute), or the public one of a key that ssh-agent
    holds. gpg: a fingerprint, an id or an address."""

    @field_validator("author", "committer")
    @classmethod
    def _names_a_person(cls, value: str) -> str:
        if value != "asker":
            parse_person(value)
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.committer == "asker":
            raise ValueError("committer must be NAME <E-MAIL>")
        if self.signing != "off" and (not self.signing_key or self.signing_key.startswith("-")):
            raise ValueError("signing needs a signing_key")
        return self


class RetentionSettings(BaseModel):
    """How long things are kept in the state folder, in days without use, and how much room they may take. What a task
    under way or an open pull request needs is kept in any case; so are tasks, evidence and diffs (the dataset)."""

    model_config = ConfigDict(extra="forbid")

    template_days: float = Field(14, ge=0)
    environment_days: float = Field(30, ge=0)
    workspace_days: float = Field(7, ge=0)
    """Of ended tasks: the files as the agent left them."""
    agent_state_days: float = Field(30, ge=0)
    """The agents' sessions, which are the transcripts."""
    log_days: float = Field(90, ge=0)
    """Of verifiers and set-ups."""
    fault_log_days: float = Field(30, ge=0)
    engine_row_days: float = Field(7, ge=0)
    demo_days: float = Field(14, ge=0)
    backup_days: float = Field(90, ge=0)
    """Copies of the database from before a migration, and what a restore replaced."""
    max_gib: float = Field(20.0, gt=0)
    """Ceiling of all these together."""
    min_free_mib: int = Field(1024, ge=0)
    """Below it no new run begins."""
    halt_free_mib: int = Field(64, ge=8)
    """Below it a run halts where it is, to be resumed, while there is still room to write that down."""


class ServeSettings(BaseModel):
    """The team's server."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8300, ge=0, le=65535)
    """0 takes any that is free, and says which."""
    public_url: str = ""
    """How people reach the console, as https://honk.example.org; empty shows no link that leads out of this machine."""
    preview_domain: str = ""
    """Below which previews get hosts of their own; never the console's host."""
    behind_proxy: bool = False
    """Whether a proxy in front of us speaks TLS and sets X-Forwarded-For and X-Forwarded-Proto."""
    tls_certificate: str = ""
    tls_key: str = ""
    agents: int = Field(0, ge=0)
    """How many agents work at once; 0 reckons it: two a core, as far as each finds a GiB of memory, and one is left."""
    session_idle_hours: float = Field(72.0, gt=0)
    """People are signed out after so long without a request."""
    session_days: float = Field(30.0, gt=0)
    """And after so long in any case."""
    min_free_memory_mib: int = Field(512, ge=0)
    """Below it no new work begins."""
    park_hours: float = Field(16.0, gt=0)
    """Working hours (Monday to Friday, 9 to 18) that a question or a reached limit waits for a person."""
    zone: str = ""
    """Of the working hours, as Europe/Stockholm; empty is this machine's."""

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        zone_named(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        return checked_public_url(value)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        checked_preview_domain(self.preview_domain, self.public_url)
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key go together")
        return self

    @property
    def has_tls(self) -> bool:
        """Whether Honk speaks TLS itself."""
        return bool(self.tls_certificate)


class TeamQuotaSettings(BaseModel):
    """Of some people together."""

    model_config = ConfigDict(extra="forbid")

    month_usd: float = Field(ge=0, allow_inf_nan=False)
    members: tuple[str, ...] = Field(min_length=1)
    """By their addresses."""


class QuotaSettings(BaseModel):
    """What may be spent in a calendar month (UTC), in US dollars. A task reserves its cap before it begins."""

    model_config = ConfigDict(extra="forbid")

    month_usd: float = Field(1000.0, ge=0, allow_inf_nan=False)
    """By everybody together, and whatever for."""
    person_month_usd: float = Field(200.0, ge=0, allow_inf_nan=False)
    """By each person."""
    teams: dict[str, TeamQuotaSettings] = {}

    def allowances(self) -> Allowances:
        """The same, as the purse takes them."""
        teams = {name: (one.month_usd, frozenset(map(str.lower, one.members))) for name, one in self.teams.items()}
        return Allowances(month_usd=self.month_usd, person_usd=self.person_month_usd, teams=teams)


class OidcSettings(BaseModel):
    """Signing in by the company's own system. An empty issuer switches it off."""

    model_config = ConfigDict(extra="forbid")

    issuer: str = ""
    """Exactly as it calls itself."""
    client_id: str = ""
    client_secret: str = ""
    """Where the secret is, never the secret: env:VARIABLE, or file:PATH (below the state folder, mode 600). Empty for a
    public client."""
    name: str = ""
    """On the button; the issuer's host by default."""
    scopes: str = "openid email profile"
    groups_claim: str = "groups"
    allowed_domains: tuple[str, ...] = ()
    """Of verified e-mail addresses; empty lets any."""
    allowed_groups: tuple[str, ...] = ()
    """One of them is enough; empty lets any."""
    default_role: Literal["none", "reader", "requester"] = "none"
    """Of people whom nobody added before; none refuses them."""

    @field_validator("allowed_domains")
    @classmethod
    def _in_lower_case(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().removeprefix("@") for domain in domains)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.issuer:
            return self
        if not is_safe_address(self.issuer):
            raise ValueError("issuer must be an https address")
        if not self.client_id:
            raise ValueError("issuer needs a client_id")
        if self.client_secret and not self.client_secret.startswith(("env:", "file:")):
            raise ValueError("client_secret says where the secret is: env:VARIABLE or file:PATH")
        if self.default_role != "none" and not (self.allowed_domains or self.allowed_groups):
            raise ValueError("default_role needs allowed_domains or allowed_groups: else any account gets it")
        if "openid" not in self.scopes.split():
            raise ValueError("scopes must name openid")
        return self


class AuditSettings(BaseModel):
    """Where else the audit log's head is kept."""

    model_config = ConfigDict(extra="forbid")

    anchor: str = ""
    """file:/PATH of a file that is appended to, on another disk or machine; or command:WORDS, which is handed each new
    head as a line. Empty: only beside the database."""

    @field_validator("anchor")
    @classmethod
    def _is_an_anchor(cls, anchor: str) -> str:
        kind, _, rest = anchor.partition(":")
        if anchor and not ((kind == "file" and Path(rest).is_absolute()) or (kind == "command" and rest.split())):
            raise ValueError("anchor is file:/PATH or command:WORDS")
        return anchor


class Settings(BaseSettings):
    """Everything an operator may set. A misspelt name is an error, not a silence."""

    model_config = SettingsConfigDict(env_prefix="HONK_", env_nested_delimiter="__", extra="forbid")

    home: Path
    sandbox: Literal["bubblewrap", "none"] = "bubblewrap"
    agent: str = "claude"
    limits: LimitSettings = LimitSettings()
    model: ModelSettings = ModelSettings()
    judge: JudgeSettings = JudgeSettings()
    acp: AcpSettings = AcpSettings()
    identity: IdentitySettings = IdentitySettings()
    retention: RetentionSettings = RetentionSettings()
    serve: ServeSettings = ServeSettings()
    oidc: OidcSettings = OidcSettings()
    quota: QuotaSettings = QuotaSettings()
    merge: MergeSettings = MergeSettings()
    deploy: DeploySettings = DeploySettings()
    pull_requests: PullRequestSettings = PullRequestSettings()
    audit: AuditSettings = AuditSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    preview: PreviewSettings = PreviewSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line first, then the environment, then the file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=default_home() / "honk.toml")
        return init_settings, env_settings, file


def default_home() -> Path:
    """`HONK_HOME`; else the system's folder where root started us, and the XDG state folder for everybody else."""
    if chosen := os.environ.get("HONK_HOME"):
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return ROOT_HOME
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base) / "honk"
    if not (home := os.environ.get("HOME")):
        raise UsageError("Neither HONK_HOME nor HOME is set, so there is no place for Honk's state. Set HONK_HOME.")
    return Path(home) / ".local" / "state" / "honk"


def zone_named(name: str) -> tzinfo:
    """The zone, with its changes of the clock; empty is this machine's.

    Raises:
        ValueError: there is none of this name.
    """
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError(f"{name!r} is no time zone, as Europe/Stockholm is") from error
    try:
        with Path("/etc/localtime").open("rb") as rules:
            return ZoneInfo.from_file(rules, key="localtime")
    except (OSError, ValueError):
        return UTC


def read_settings(**overrides: Any) -> Settings:
    """The settings in force; None among the overrides means "not given".

    Raises:
        UsageError: a setting is wrong; names it and the place it came from.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**{"home": default_home(), **given})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {_in_words(one)}" for one in error.errors())
        raise UsageError(
            f"A setting is wrong: {wrong}. Nothing was begun. Look at the command's options, HONK_ variables and "
            f"{default_home() / 'honk.toml'}, in this order: the first that is set holds."
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{default_home() / 'honk.toml'} cannot be read: {error}") from error


def _in_words(wrong: "ErrorDetails") -> str:
    """What is wrong with one setting, without the library's own terms."""
    if wrong["type"] == "extra_forbidden":
        return "there is no such setting"
    return wrong["msg"].removeprefix("Value error, ")

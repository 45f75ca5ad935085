"""Typed settings of an installation for previews: `[preview]` of its `honk.toml`."""

from pydantic import BaseModel, ConfigDict, Field

from honk.domain.preview import PreviewTerms


class PreviewSettings(BaseModel):
    """What previews may have. A repository asks for one by `[preview]` of its `.honk.toml`."""

    model_config = ConfigDict(extra="forbid")

    is_on: bool = True
    most: int = Field(4, ge=1, le=100)
    """At once; whoever was looked at least recently makes room."""
    idle_minutes: float = Field(20.0, gt=0)
    """After so long without a look one ends; it starts again when somebody opens it."""
    hours: float = Field(8.0, gt=0)
    """And after so long in any case."""
    memory_mib: int = Field(1024, ge=64)
    disk_mib: int = Field(1024, ge=16)
    cpu_share: float = Field(0.5, gt=0, le=64)
    """Of one core, on the average: what uses more is ended, with what was measured."""
    artifact_mib: int = Field(128, ge=1, le=2048)
    """The largest built file that is kept."""

    def terms(self) -> PreviewTerms:
        """The same, as the desk takes them."""
        return PreviewTerms(
            is_on=self.is_on,
            most=self.most,
            idle_seconds=self.idle_minutes * 60,
            life_seconds=self.hours * 3600,
            memory_bytes=self.memory_mib << 20,
            disk_bytes=self.disk_mib << 20,
            cpu_share=self.cpu_share,
            artifact_bytes=self.artifact_mib << 20,
        )

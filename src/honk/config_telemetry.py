"""Settings of what is told to others' tracing: typed like the others, and part of them."""

from typing import Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from honk.domain.exposure import is_http_address, is_safe_address

TRACES = "/v1/traces"


class TelemetrySettings(BaseModel):
    """Where a server pushes the trace of each task that has ended. An empty address switches it off."""

    model_config = ConfigDict(extra="forbid")

    otlp_endpoint: str = ""
    """Of an OTLP collector over HTTP, as http://collector:4318; `/v1/traces` is added, unless it is there."""
    otlp_headers: dict[str, str] = {}
    """Sent with each; a value env:VARIABLE or file:PATH is read from there."""
    words: bool = False
    """Whether what people and the agent said, and what programs printed, is in the traces too."""

    @field_validator("otlp_endpoint")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not is_http_address(value):
            raise ValueError("otlp_endpoint must be an http or https address")
        value = value.rstrip("/")
        return value if not value or value.endswith(TRACES) else value + TRACES

    @model_validator(mode="after")
    def _keeps_its_words(self) -> Self:
        if self.otlp_endpoint and (self.words or self.otlp_headers) and not is_safe_address(self.otlp_endpoint):
            raise ValueError("otlp_headers and words need an https address, or one of this machine")
        return self

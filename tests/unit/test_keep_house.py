"""The operator's page shows the settings that there are, with the defaults that they have."""

import tomllib
from pathlib import Path

from honk.config import RetentionSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_shows_every_setting_with_its_default() -> None:
    shown = (DOCS / "how-to/keep-house.md").read_text().split("```toml\n")[1].split("```")[0]
    assert tomllib.loads(shown)["retention"] == RetentionSettings().model_dump()

"""The page of the API is the one that the code describes."""

from typing import cast

import api_reference
from honk.api.entry import Entry
from honk.api.server import create_api
from honk.team import Team


def test_the_page_of_the_api_is_current() -> None:
    api = create_api(cast(Team, None), cast(Entry, api_reference.Nobody()))
    assert api_reference.PAGE.read_text() == api_reference.page(api.openapi()), "python tools/api_reference.py"

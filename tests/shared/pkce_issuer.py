"""The OpenID provider of others, made to check PKCE: as it comes it takes a challenge, and asks nobody to prove it."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Response, jsonify, request
from werkzeug.serving import make_server

with warnings.catch_warnings(record=True):  # they are its own
    import oidc_provider_mock


@dataclass
class Checked:
    """An issuer at work."""

    url: str = ""
    challenges: dict[str, str] = field(default_factory=dict)
    """By the code that was handed out for them."""
    told: list[str] = field(default_factory=list)
    """What each exchange of a code came to."""

    def remember(self, response: Response) -> Response:
        """Of each code that goes out: what it must be proved by."""
        if request.method == "POST" and request.path == "/oauth2/authorize" and response.status_code == 302:
            assert request.args["code_challenge_method"] == "S256"
            (code,) = parse_qs(urlsplit(response.headers["location"]).query)["code"]
            self.challenges[code] = request.args["code_challenge"]
        return response

    def check(self) -> Any:
        """A code without its verifier is worth nothing, and is used up."""
        if request.path != "/oauth2/token":
            return None
        challenge = self.challenges.pop(request.form.get("code", ""), None)
        if challenge == create_s256_code_challenge(request.form.get("code_verifier", "")):
            self.told.append("proved")
            return None
        self.told.append("refused")
        return jsonify(error="invalid_grant"), 400


@contextmanager
def pkce_issuer(subject: str, claims: dict[str, object]) -> Iterator[Checked]:
    """At an address of this machine, until the context ends; it knows this one person."""
    checked = Checked()
    app = oidc_provider_mock.app(require_nonce=True, user_claims=[oidc_provider_mock.User(sub=subject, claims=claims)])
    app.after_request(checked.remember)
    app.before_request(checked.check)
    server = make_server("localhost", 0, app, threaded=True)
    checked.url = f"http://localhost:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield checked
    finally:
        server.shutdown()
        serving.join(5)
        server.server_close()

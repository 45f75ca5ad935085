"""Writes docs/reference/api.md from the API's own description: python tools/api_reference.py"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from honk.api.entry import Entry
from honk.api.server import create_api
from honk.team import Team

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "api.md"
HEAD = """# The HTTP API

Made from the code by `python tools/api_reference.py`; a test compares it. The same as OpenAPI: `/api/openapi.json` of a
server. How to use it: [use the API](../how-to/use-the-api.md).

All paths begin with `/api`. A program shows a token (`Authorization: Bearer TOKEN`); a browser's session works too, and
needs the header `X-CSRF-Token` for everything but reading. Every refusal is `application/problem+json`: `title` and
`status` say of what kind it is, `detail` what happened, what was kept and what to do next.

| status | when |
| --- | --- |
| 401 | nobody we know: no token, or one that has ended |
| 403 | known, and may not |
| 404 | there is none, or none that you may know of: both in the same words |
| 409 | it cannot be carried out as things are; nothing was begun |
| 413 | the body is too large; nothing of it was read to its end |
| 422 | not as described below |
| 503 | the database is locked, or this machine lacks something; `Retry-After` |
| 507 | the disk is full, or nearly |
"""


def page(told: Mapping[str, Any]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *_operations(told), "## Shapes", "", *_shapes(told)]).rstrip() + "\n"


def _operations(told: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            yield f"## `{method.upper()} {path}`\n"
            yield f"{operation['description'].strip()}\n"
            for one in operation.get("parameters", ()):
                about = one.get("description", "")
                need = ", required" if one.get("required") and one["in"] != "path" else ""
                yield f"- `{one['name']}` ({one['in']}{need}): {_kind(one['schema'])}{'. ' + about if about else ''}"
            if body := operation.get("requestBody"):
                yield f"- body: {_content(body['content'])}"
            for status, answer in operation["responses"].items():
                if int(status) < 400:
                    yield f"- {status}: {_content(answer.get('content', {}))}"
            refused = [status for status in operation["responses"] if int(status) >= 400]
            yield f"- refused: {', '.join(refused)}\n"


def _shapes(told: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(told["components"]["schemas"].items()):
        yield f"### {name}\n"
        if about := schema.get("description", "").strip():
            yield f"{about}\n"
        if "enum" in schema:
            yield f"One of {', '.join(f'`{one}`' for one in schema['enum'])}.\n"
        for field, kind in schema.get("properties", {}).items():
            need = "" if field in schema.get("required", ()) else ", may be left out"
            about = kind.get("description", "")
            yield f"- `{field}`: {_kind(kind)}{need}{'. ' + ' '.join(about.split()) if about else ''}"
        yield ""


def _content(content: Mapping[str, Any]) -> str:
    return "; ".join(f"`{media}`, {_kind(one['schema'])}" for media, one in content.items()) or "no body"


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return f"[{(name := schema['$ref'].rsplit('/', 1)[-1])}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{one}`" for one in schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "array":
            return f"list of {_kind(schema.get('items', {}))}"
        case "string" if "format" in schema:
            return f"text ({schema['format']})"
        case "string":
            return "text"
        case "boolean":
            return "true or false"
        case None:
            return "anything"
    return cast(str, schema["type"])


def main() -> None:
    """Write the page."""
    api = create_api(cast(Team, None), cast(Entry, Nobody()))
    PAGE.write_text(page(api.openapi()))


class Nobody:
    """In place of an entry: only the description is asked for."""

    async def visitor(self) -> None:
        """Nobody comes in."""


if __name__ == "__main__":
    main()

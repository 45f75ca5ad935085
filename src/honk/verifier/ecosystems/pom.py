"""The parts of a pom.xml that say how a change is built and checked, told from the rest and put back. Pure.

`<build>` and `<profiles>` whole; of `<properties>` those that these parts name, or that switch or narrow the tests.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

PARTS = ("build", "profiles")
SOURCES = ("parent", "repositories", "pluginRepositories")
"""What else decides how the tests run, but cannot be put back without breaking an honest change."""
_SWITCHES = re.compile(
    r"skip|^maven\.(?:test|compiler\.(?:proc|annotation|compilerArg))|surefire|failsafe|^test$|[gG]roups$|argLine|"
    r"[tT]estFailure|failIfNo|(?:in|ex)cludes?\b|enableAssertions|threadCount|forkCount|reuseForks|jacoco",
)
_NAMED = re.compile(rb"\$\{([^}\s]+)\}")
_VERSION = re.compile(rb"<version>[^<]*</version>")
_NOTHING = b"<project></project>"


@dataclass(slots=True, kw_only=True)
class _Pom:
    """Where the children of `<project>` and of its `<properties>` stand in the text, whole."""

    text: bytes
    parts: dict[str, slice] = field(default_factory=dict)
    properties: dict[str, slice] = field(default_factory=dict)
    end: int = 0
    """Where `</project>` begins."""
    properties_end: int | None = None

    def of(self, part: str) -> bytes:
        return self.text[self.parts[part]] if part in self.parts else b""

    def property(self, name: str) -> bytes:
        return self.text[self.properties[name]] if name in self.properties else b""


def with_base_checks(before: bytes | None, after: bytes) -> bytes | None:
    """The change's text with the base's parts; the base's own text where that is not possible."""
    old, new = _parse(before or _NOTHING), _parse(after)
    if old is None or new is None:
        return before
    edits = [(new.parts.get(part, slice(new.end, new.end)), old.of(part)) for part in PARTS]
    lost = b""
    for name in _guarded(old, new):
        wanted = old.property(name)
        if name in new.properties:
            edits.append((new.properties[name], wanted))
        else:
            lost += wanted
    if lost and new.properties_end is None:
        lost = b"<properties>" + lost + b"</properties>"
    at = new.end if new.properties_end is None else new.properties_end
    mended = _edited(after, [*edits, (slice(at, at), lost)])
    # What could not be put back as it stood would be the change's own word on how it is checked.
    return before if differences(before, mended) else mended


def differences(before: bytes | None, after: bytes | None, parts: Sequence[str] = PARTS) -> tuple[str, ...]:
    """The names of parts and properties that are not written the same; `project` where one text is no sound pom.xml."""
    old, new = _parse(before or _NOTHING), _parse(after or _NOTHING)
    if old is None or new is None:
        return ("project",)
    found = [part for part in parts if _plain(old, part) != _plain(new, part)]
    return (*found, *(name for name in _guarded(old, new) if old.property(name) != new.property(name)))


def _plain(pom: _Pom, part: str) -> bytes:
    """A parent without its version: a release counts those of all modules up."""
    return _VERSION.sub(b"", pom.of(part)) if part == "parent" else pom.of(part)


def _guarded(old: _Pom, new: _Pom) -> list[str]:
    named = {name.decode("utf-8", "replace") for part in PARTS for name in _NAMED.findall(old.of(part))}
    names = sorted({*old.properties, *new.properties})
    return [name for name in names if name in named or _SWITCHES.search(name)]


def _edited(text: bytes, edits: list[tuple[slice, bytes]]) -> bytes:
    for place, wanted in sorted(edits, key=lambda edit: (edit[0].start, edit[0].stop), reverse=True):
        text = text[: place.start] + wanted + text[place.stop :]
    return text


def _parse(text: bytes) -> _Pom | None:
    pom = _Pom(text=text)
    path: list[tuple[str, int]] = []

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        path.append((name, parser.CurrentByteIndex))

    def finish(name: str) -> None:
        _, begun = path.pop()
        at = parser.CurrentByteIndex  # of an empty element behind it, of any other before its closing tag
        is_empty = text[begun:at].endswith(b"/>") and b"<" not in text[begun + 1 : at]
        stop = at if is_empty else text.find(b">", at) + 1
        above = [one for one, _ in path]
        if above == ["project"]:
            _once(pom.parts, name, slice(begun, stop))
            if name == "properties" and not is_empty:
                pom.properties_end = at
        elif above == ["project", "properties"]:
            _once(pom.properties, name, slice(begun, stop))
        elif not above and name == "project":
            pom.end = at

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = begin, finish, refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError):
        return None
    return pom if pom.end else None


def _once(places: dict[str, slice], name: str, place: slice) -> None:
    if name in places:
        raise ValueError(f"two {name}")
    places[name] = place

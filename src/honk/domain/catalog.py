"""What a repository says of itself in `catalog-info.yaml`: its components and whose they are. Pure.

The format is Backstage's descriptor format: documents with `kind`, `metadata.name`, `spec.owner`. A file that is none
is passed over: it configures nothing, it only helps to find the place that somebody means.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from honk.domain.task import Repository

PLACES = ("catalog-info.yaml", "catalog-info.yml")
"""The first that is there counts alone."""
MAX_COMPONENTS = 100
MAX_NAME = 100
_KINDS = frozenset({"Component", "API", "System", "Resource"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of what the company runs, by the name that people use."""

    name: str
    kind: str
    owner: str = ""
    """As the catalog names them: a team or a person; empty where it says nobody."""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What one repository says, at one commit."""

    sha: str
    components: tuple[Component, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that a person may call it by."""
        told = (name for one in self.components for name in (one.name, one.title) if name)
        return tuple(dict.fromkeys(told))

    @property
    def owners(self) -> tuple[str, ...]:
        """Each once, in the order they stand there."""
        return tuple(dict.fromkeys(one.owner for one in self.components if one.owner))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A repository that a team may ask for, with what it says of itself."""

    repository: Repository
    catalog: Catalog


def components_of(documents: Iterable[object]) -> tuple[Component, ...]:
    """Of the file's documents; what is none of ours, or has no name, is passed over."""
    found = [_component(one) for one in documents]
    return tuple(one for one in found if one is not None)[:MAX_COMPONENTS]


def _component(document: object) -> Component | None:
    kind, metadata, spec = (_get(document, key) for key in ("kind", "metadata", "spec"))
    name = _words(_get(metadata, "name"))
    if not isinstance(kind, str) or kind not in _KINDS or not name:
        return None
    owner = _words(_get(spec, "owner"))
    return Component(name=name, kind=kind, owner=_plain(owner), title=_words(_get(metadata, "title")))


def _get(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None


def _words(value: object) -> str:
    return " ".join(value.split())[:MAX_NAME] if isinstance(value, str) else ""


def _plain(owner: str) -> str:
    """An entity reference without its kind and namespace: `group:default/payments` is `payments`."""
    return owner.rpartition("/")[2].rpartition(":")[2]

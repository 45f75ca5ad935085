"""A repository's own words on what it is."""

from hypothesis import given
from hypothesis import strategies as st

from honk.domain.catalog import MAX_COMPONENTS, MAX_NAME, Catalog, Component, components_of

PLAYLISTS = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "playlist-page", "title": "The  playlist page"},
    "spec": {"type": "website", "owner": "group:default/listening", "lifecycle": "production"},
}


def test_components_have_names_and_owners() -> None:
    (found,) = components_of([PLAYLISTS])
    assert found == Component(name="playlist-page", kind="Component", owner="listening", title="The playlist page")
    assert Catalog(sha="1", components=(found,)).names == ("playlist-page", "The playlist page")
    assert Catalog(sha="1", components=(found, found)).owners == ("listening",)
    (alone,) = components_of([{"kind": "API", "metadata": {"name": "tracks"}, "spec": {"owner": "user:ada"}}])
    assert alone.owner == "ada"


def test_what_is_no_component_is_passed_over() -> None:
    others = [None, "text", 3, [], {}, {"kind": "Group", "metadata": {"name": "x"}}, {"kind": "Component"}]
    assert components_of([*others, {"kind": "Component", "metadata": {"name": ["x"]}}]) == ()
    (bare,) = components_of([{"kind": "Component", "metadata": {"name": "x"}, "spec": "nothing"}])
    assert bare == Component(name="x", kind="Component")


def test_a_catalog_has_an_end() -> None:
    many = [{"kind": "Component", "metadata": {"name": "n" * 500}}] * 500
    found = components_of(many)
    assert (len(found), len(found[0].name)) == (MAX_COMPONENTS, MAX_NAME)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@given(st.lists(st.fixed_dictionaries({"kind": _PLAIN | st.just("Component"), "metadata": _PLAIN, "spec": _PLAIN})))
def test_no_document_breaks_it(documents: list[object]) -> None:
    assert len(components_of(documents)) <= MAX_COMPONENTS

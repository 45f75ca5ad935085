"""What the scripted model says in the demo: a first try that the tests refuse, then the fix with tests of its own; and
a second change that every test lets pass and production does not."""

from honk.sandbox import WORKSPACE
from honk.testing.replies import Ask, Reply, Script, Text, ToolUse, say, text_of, use
from honk.testing.scripts import VERIFY, judge

PROMPT = """\
Stop the playlist page from crashing on an empty title
A listener added a playlist without typing a title, and since then the page answers with an error.
Show such a playlist as “Untitled playlist”, with a note ♪ on its cover."""


def _edit(path: str, old: str, new: str) -> ToolUse:
    return ToolUse("Edit", {"file_path": f"{WORKSPACE}/{path}", "old_string": old, "new_string": new})


def _read(path: str) -> ToolUse:
    return ToolUse("Read", {"file_path": f"{WORKSPACE}/{path}"})


BROKEN = """\
    words = title.split()
    first = words[0]
    second = words[1] if len(words) > 1 else ""
    return (first[:1] + second[:1]).upper()
"""
WRONG = """\
    return title[:2].upper() or "♪"
"""
RIGHT = """\
    return "".join(word[0] for word in title.split()[:2]).upper() or "♪"
"""
DOCSTRING = '    """The first letters of the first two words."""\n'
NEW_DOCSTRING = '    """The first letters of the first two words; a note where there is no word."""\n'

TITLE = "        title=escape(playlist.title),\n"
NEW_TITLE = '        title=escape(playlist.title.strip() or "Untitled playlist"),\n'
COVER_TEST = """\
    def test_one_word_gives_one_letter(self) -> None:
        self.assertEqual(monogram("Focus"), "F")
"""
NEW_COVER_TEST = """\

    def test_a_title_without_a_word_gives_a_note(self) -> None:
        self.assertEqual(monogram(""), "♪")
        self.assertEqual(monogram("  "), "♪")
"""
SITE_TEST = """\
        self.assertIn("<h2>Night Bus</h2>", ask(site, "GET", "/")[1])
"""
NEW_SITE_TEST = """\

    def test_a_playlist_without_a_title_is_shown_as_untitled(self) -> None:
        site = Site([])
        ask(site, "POST", "/playlists", b"title=+")
        self.assertIn("<h2>Untitled playlist</h2>", ask(site, "GET", "/")[1])
"""

FOLLOW_UP = "Call it “Unnamed playlist” rather, that is what our apps say."
ASK = "mcp__honk__ask"
QUESTION = "Such playlists are stored already. Is it enough to show them so, or shall the form refuse new ones as well?"
_QUESTION = (
    use(ASK, text=QUESTION, choices=["Only show them so", "Refuse new ones as well"], recommended="Only show them so"),
    say("I wait for the answer."),
)
WORK = (
    Reply(
        blocks=(
            Text("I start where the page makes its covers: a title without words has no first word."),
            _read("tonearm/covers.py"),
            _read("tonearm/pages.py"),
            _read("tests/test_covers.py"),
            _read("tests/test_web.py"),
        )
    ),
    Reply(
        blocks=(
            Text("`words[0]` fails on an empty title. The first two characters are simpler and cannot fail."),
            _edit("tonearm/covers.py", BROKEN, WRONG),
        )
    ),
    use(VERIFY),
    Reply(
        blocks=(
            Text("That was too simple: two words must give the first letter of each. I keep the words."),
            _edit("tonearm/covers.py", WRONG, RIGHT),
            _edit("tonearm/covers.py", DOCSTRING, NEW_DOCSTRING),
        )
    ),
    Reply(
        blocks=(
            Text("Now the name on the card, and tests for both, which the repository did not have."),
            _edit("tonearm/pages.py", TITLE, NEW_TITLE),
            _edit("tests/test_covers.py", COVER_TEST, COVER_TEST + NEW_COVER_TEST),
            _edit("tests/test_web.py", SITE_TEST, SITE_TEST + NEW_SITE_TEST),
        )
    ),
    use(VERIFY),
    say(
        "A playlist without a title no longer crashes the page: it is shown as “Untitled playlist” with a note on its "
        "cover. Two new tests hold that; both fail on the code as it was."
    ),
)
"""What the first task comes to, its question left out."""
SECOND = (
    Reply(
        blocks=(
            Text("The name stands in two places: on the page, and in the test that holds it."),
            _edit("tonearm/pages.py", "Untitled playlist", "Unnamed playlist"),
            _edit("tests/test_web.py", "<h2>Untitled playlist</h2>", "<h2>Unnamed playlist</h2>"),
            _edit("tests/test_web.py", "is_shown_as_untitled", "is_shown_as_unnamed"),
        )
    ),
    use(VERIFY),
    say("A playlist without a title is called “Unnamed playlist” now, and the test says so."),
)


BADGES = """\
Show whose a playlist is by their initial
A badge with the owner's first letter in front of their name, so that one finds one's own at a glance."""
OWNER_LINE = """\
        owner=escape(playlist.owner),
"""
CARD = '<p class="owner">by $owner'
PAGES_TEST = """\
        self.assertIn("by Tomasz", page)
"""
NEW_PAGES_TEST = """\

    def test_shows_the_initial_of_the_owner(self) -> None:
        self.assertIn("<b>M</b> by Mira", playlists_page([Playlist("Focus", "mira"), Playlist("Rain", "Mira")]))
"""
THIRD = (
    Reply(
        blocks=(
            Text("The card says whose a playlist is; the badge goes in front of that."),
            _read("tonearm/pages.py"),
            _read("tonearm/templates/card.html"),
            _read("tests/test_pages.py"),
        )
    ),
    Reply(
        blocks=(
            _edit("tonearm/pages.py", OWNER_LINE, OWNER_LINE + "        initial=escape(playlist.owner[0].upper()),\n"),
            _edit("tonearm/templates/card.html", CARD, CARD.replace("by", "<b>$initial</b> by")),
            _edit("tests/test_pages.py", PAGES_TEST, PAGES_TEST + NEW_PAGES_TEST),
        )
    ),
    use(VERIFY),
    say("Each card has a badge with the first letter of its owner now, and a test holds that."),
)
"""Green by every test there is; production knows a playlist whose owner is gone, and no name has no first letter."""
_BY_WORDS = {BADGES.splitlines()[0]: THIRD, FOLLOW_UP: SECOND}
"""What a person said, and what the agent does then; anything else is the first request. The newest first: what was said
before may stand in the repository's log."""


def AGENT(asked: Ask) -> Reply:
    """The words of the task that it works on."""
    told = [text_of(message) for message in asked.request["messages"]]
    script = next(
        (words for sign, words in _BY_WORDS.items() if any(sign in text for text in told)), (*_QUESTION, *WORK)
    )
    return script[asked.index] if asked.index < len(script) else say("OK.")


JUDGE: Script = judge("pass", "The change does what was asked, touches nothing else, and adds tests for it.")

"""The shell programs that run git inside sandboxes, where the agent's own files cannot reach us."""

import os
from collections.abc import Collection

from honk.sandbox import WORKSPACE

BASE_GIT = "/opt/honk/base.git"
"""The template's `.git`, read-only, in every workspace: its objects and its warm index."""
CHANGE_OBJECTS = "/opt/honk/change"
"""The objects of a change, read-only, in a clean room."""
_PLACES = (BASE_GIT, WORKSPACE, "/tmp")  # noqa: S108 - inside a sandbox

_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
}

# A repository of our own beside the tree: configuration, hooks, attributes and index that the agent made have no say.
# Its places come as words, which the sandbox resolves.
_OWN_REPOSITORY = """\
set -eu
base=$1 root=$2
dir=$(mktemp -d "$3/honk-XXXXXXXX")
shift 3
trap 'rm -rf "$dir"' EXIT
git init -q --bare --template= "$dir/git"
export GIT_DIR="$dir/git" GIT_WORK_TREE="$root"
mkdir -p "$GIT_DIR/info" "$GIT_DIR/objects/info"
printf '%s\\n' "$base/objects" > "$GIT_DIR/objects/info/alternates"
cp "$base/index" "$GIT_DIR/index"
[ ! -e "$base/shallow" ] || cp "$base/shallow" "$GIT_DIR/shallow"
cat >> "$GIT_DIR/config" << 'END'
[core]
    bare = false
    checkStat = minimal
    trustctime = false
    bigFileThreshold = 16m
END
cat > "$GIT_DIR/info/exclude"
cd "$root"
"""

# Prints the tree's name, then (where it is not the base's) a thin pack of its objects: over the base's tree, for a
# commit takes nothing away from what a tree holds. A file that is ignored but that the agent's own index tracks was
# added on purpose. Standard input: patterns of what the set-up left behind. Where it is known what was written, git
# looks at nothing else.
_COLLECT = (
    _OWN_REPOSITORY
    + """\
sha=$1 known=$2
shift 2
take_some() {
    [ $# != 0 ] || return 0
    export GIT_LITERAL_PATHSPECS=1
    git diff-files -z --name-only --ignore-submodules=dirty --diff-filter=D -- "$@" > "$dir/gone"
    git diff-files -z --name-only --ignore-submodules=dirty --diff-filter=d -- "$@" > "$dir/there"
    git ls-files -z --others --exclude-standard -- "$@" >> "$dir/there"
    [ ! -s "$dir/gone" ] || git update-index --force-remove -z --stdin < "$dir/gone"
    [ ! -s "$dir/there" ] || git update-index --add --remove --replace -z --stdin < "$dir/there"
    unset GIT_LITERAL_PATHSPECS
}
if [ "$known" = some ]; then take_some "$@"; else git add -A -- .; fi
if [ -e .git ] && ! timeout 20 cmp -s .git/index "$base/index"; then
    env -u GIT_DIR -u GIT_WORK_TREE timeout 20 git -c core.fsmonitor=false ls-files -z -c -i --exclude-standard \
        > "$dir/forced" 2>/dev/null < /dev/null || : > "$dir/forced"
    git update-index --add --remove -z --stdin < "$dir/forced"
fi
tree=$(git write-tree)
echo "$tree"
[ "$tree" = "$(git rev-parse "$sha^{tree}")" ] || printf '%s\\n^%s^{tree}\\n' "$tree" "$sha" |
    git pack-objects --revs --thin --stdout --delta-base-offset -q
"""
)

# Gives tracked files back as the base has them, and prints what else the set-up left that no rule ignores. Where a
# change's code ran, size and date of a file prove nothing: what change time and inode do not vouch for is read again.
_SETTLE = (
    _OWN_REPOSITORY
    + """\
if [ $# = 3 ]; then  # the files of a change lie there: known by its index, they go where the base has none
    printf '%s\\n' "$3" >> "$GIT_DIR/objects/info/alternates"
    git read-tree --reset "$2"
    git config core.checkStat default
    git config core.trustctime true
    git update-index -q --refresh || :
fi
git read-tree --reset -u "$1"
git ls-files -z --others --exclude-standard
"""
)

# From the base, which the tree and its index are, only what differs is touched; a file in the way is no reason to fail.
_APPLY = """\
set -eu
cd "$3"
mkdir -p .git/objects/info
printf '%s\\n' "$4" > .git/objects/info/alternates
git read-tree -m -u "$1" "$2" 2> /dev/null || git read-tree --reset -u "$2"
git update-ref HEAD "$2"
[ "$(git write-tree)" = "$(git rev-parse "$2^{tree}")" ]
"""


def collect(base_sha: str, written: Collection[bytes] | None) -> tuple[str, ...]:
    """Prints the work tree as a tree and a pack over the base; `written`: all that can differ, where that is known."""
    if written is None:
        return _shell(_COLLECT, *_PLACES, base_sha, "all")
    return _shell(_COLLECT, *_PLACES, base_sha, "some", *map(os.fsdecode, sorted(written)))


def settle(base_sha: str, head_sha: str | None) -> tuple[str, ...]:
    """Undoes what a set-up, or the change put in before it, did to tracked files.

    Prints the paths that were added and that no rule ignores, each ended by a NUL.
    """
    change = () if head_sha is None else (head_sha, CHANGE_OBJECTS)
    return _shell(_SETTLE, *_PLACES, base_sha, *change)


def apply(base_sha: str, head_sha: str) -> tuple[str, ...]:
    """Makes the work tree and its repository, which are the base, exactly the commit, whose objects are mounted."""
    return _shell(_APPLY, base_sha, head_sha, WORKSPACE, CHANGE_OBJECTS)


def _shell(script: str, *arguments: str) -> tuple[str, ...]:
    settings = (f"{name}={value}" for name, value in _ENVIRONMENT.items())
    return ("/usr/bin/env", "-i", *settings, "/bin/sh", "-c", script, "honk", *arguments)

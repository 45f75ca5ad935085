"""Gradle: what a build wants up to its tests, in a user home that each sandbox copies before it builds offline. Pure.

An initialisation script of ours leads all repositories to the route. The distribution that a wrapper names cannot be
had: the machine's own Gradle has to be of the same generation and no older.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from honk.workspace.ecosystems import STORE, Ecosystem, Provision, Step, Tool, jvm

SCRIPTS = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
WRAPPER = "gradle/wrapper/gradle-wrapper.properties"
_OTHERS = ("gradle.properties", "gradle/libs.versions.toml", "gradle.lockfile", WRAPPER)
# Repositories in files of the tree stay; Ivy's and those of Gradle's plug-ins have no other address than the route's.
_INIT = """\
def route = '$HONK_ROUTE/maven'
def lead = { repositories ->
    repositories.all { one ->
        if (one.hasProperty('url') && one.url != null && one.url.scheme in ['http', 'https']) {
            one.url = route
            if (one.hasProperty('allowInsecureProtocol')) { one.allowInsecureProtocol = true }
        }
    }
}
settingsEvaluated { settings ->
    settings.pluginManagement { repositories { maven { url route } } }
    lead(settings.pluginManagement.repositories)
    if (settings.hasProperty('dependencyResolutionManagement')) {
        lead(settings.dependencyResolutionManagement.repositories)
    }
}
allprojects { project ->
    lead(project.buildscript.repositories)
    lead(project.repositories)
}
"""
# `gradle` of the environment stands before the machine's own in PATH.
_LAY = f"""\
set -e
mkdir -p "$HONK_STORE/bin" "$HONK_STORE/gradle/init.d"
cat > "$HONK_STORE/gradle/init.d/route.gradle" << HONK
{_INIT}HONK
cat > "$HONK_STORE/bin/gradle" << HONK
#!/bin/sh
own=\\$(cd "\\$(dirname "\\$0")/../gradle" && pwd) || exit 1
if [ ! -e "\\$HOME/.gradle/init.d" ]; then
    mkdir -p "\\$HOME/.gradle" && cp -a --reflink=auto "\\$own/." "\\$HOME/.gradle" || exit 1
fi
exec "$1" -g "\\$HOME/.gradle" --offline --no-daemon "\\$@"
HONK
chmod +x "$HONK_STORE/bin/gradle"
"""
# The tests are begun, with none of them chosen. Where that fails, what is missing for compiling them says more.
_RESOLVE = """\
own=$HONK_STORE/gradle
gradle="$1 --no-daemon --console=plain"
echo 'allprojects { tasks.withType(Test) { filter.failOnNoMatchingTests = false } }' > "$own/none.gradle"
$gradle -I "$own/none.gradle" clean test --tests none.NoTest 2>&1 && exit 0
$gradle clean testClasses > "$own/build.log" 2>&1 && exit 0
cat "$own/build.log"
grep -A 4 -m 1 '^. What went wrong' "$own/build.log" >&2
exit 1
"""
_SWIFT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A build of seconds ends before the better compiler begins to pay. Machines that tests run in are left alone."""
# Each room builds anew. What is a part of the repository stays.
_TIDY = """\
find . -name '*.gradle*' -type f -execdir sh -c '
git ls-files --error-unmatch build > /dev/null 2>&1 || rm -rf build' ';'
rm -rf .gradle "$HONK_STORE"/gradle/daemon "$HONK_STORE"/gradle/workers "$HONK_STORE"/gradle/.tmp
"""
_DISTRIBUTION = re.compile(r"^\s*distributionUrl\s*=.*?/gradle-(\d+(?:\.\d+)+)[-.\w]*\.zip", re.MULTILINE)
_JAVA = re.compile(
    r"(?:sourceCompatibility|targetCompatibility|languageVersion)\b[^\n]*?"
    r"(?:VERSION_|of\(|['\"= ])((?:1[._])?\d{1,2})\b"
)
_NOT_OURS = {"src", "build", "node_modules"}


def manifests(files: Sequence[str]) -> tuple[str, ...]:
    """Build scripts outside of sources, and what Gradle reads beside them; none where Maven builds the repository."""
    if "pom.xml" in files or not any(path in files for path in SCRIPTS):
        return ()
    return tuple(path for path in files if path in _OTHERS or _is_script(path))


def plan(files: Sequence[str], texts: Mapping[str, str], tools: Mapping[str, Tool]) -> Provision | None:
    """Resolve everything by one build, and leave nothing compiled behind."""
    chosen = next((path for path in SCRIPTS if path in files), None)
    if not manifests(files) or chosen is None or not jvm.has_tests(files):
        return None
    wanted = wanted_version(texts.get(WRAPPER, ""))
    if problems := jvm.lacking(chosen, {"gradle": f"Gradle {wanted}".strip()}, tools):
        return Provision(ecosystem="Gradle", problems=problems)
    own = {name: tools[name] for name in ("java", "javac", "gradle")}
    scripts = " ".join(text for path, text in texts.items() if _is_script(path))
    java = (found.replace("_", ".") for found in _JAVA.findall(scripts))
    if problems := (*_unfit(wanted, own["gradle"].version), *jvm.newer_java(chosen, java, own["java"])):
        return Provision(ecosystem="Gradle", tools=own, problems=problems)
    program = own["gradle"].path
    return Provision(
        ecosystem="Gradle",
        tools=own,
        steps=(
            Step(title="The settings of Gradle", argv=("/bin/sh", "-c", _LAY, "sh", program)),
            Step(title=f"What {chosen} needs", argv=("/bin/sh", "-c", _RESOLVE, "sh", program)),
            Step(title="A clean tree", argv=("/bin/sh", "-c", _TIDY), is_essential=False),
        ),
        setup_env={**jvm.SETUP_ENV, "GRADLE_USER_HOME": f"{STORE}/gradle", "GRADLE_OPTS": _SWIFT},
        env={**jvm.ENV, "GRADLE_OPTS": _SWIFT},
        lock="gradle.lockfile" if "gradle.lockfile" in files else "",
    )


def wanted_version(wrapper: str) -> str:
    """The version of Gradle that a wrapper would fetch; empty for none."""
    found = _DISTRIBUTION.search(wrapper)
    return found[1] if found else ""


def _unfit(wanted: str, version: str) -> tuple[str, ...]:
    """Of the same generation a later one will do, of another none: each took away what the one before had."""
    asked, found = (tuple(map(int, one.split(".")[:2])) for one in (wanted or version, version))
    if asked[0] == found[0] and asked <= found:
        return ()
    return (f"{WRAPPER}: this repository is built by Gradle {wanted}; this machine has {version}.",)


def _is_script(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return parts[-1].endswith((".gradle", ".gradle.kts")) and not _NOT_OURS & set(parts[:-1])


ECOSYSTEM = Ecosystem(
    name="Gradle",
    programs={**jvm.PROGRAMS, "gradle": ("--version",)},
    manifests=manifests,
    plan=plan,
)

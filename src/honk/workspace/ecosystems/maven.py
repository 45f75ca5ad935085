"""Maven: what a build wants up to its tests, in a local repository that every later build reads offline. Pure.

Settings of ours lead all repositories of every pom.xml to the route. The tests are then begun with none of them chosen:
only so does surefire fetch what runs them, which is in no list of dependencies.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from honk.workspace.ecosystems import Ecosystem, Provision, Step, Tool, jvm

MANIFEST = "pom.xml"
_OTHERS = (".mvn/maven.config", ".mvn/jvm.config", ".mvn/extensions.xml")
_SWIFT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A build of seconds ends before the better compiler begins to pay. Machines that tests run in are left alone."""
_LOGGING = """\
defaultLogLevel=info logFile=System.out showDateTime=false showThreadName=false showLogName=false levelInBrackets=true \
warnLevelString=WARNING log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=warn"""
# `mvn` of the environment stands before the machine's own in PATH, and knows the settings by its own place.
_LAY = f"""\
set -e
mkdir -p "$HONK_STORE/bin" "$HONK_STORE/maven/conf/logging"
cat > "$HONK_STORE/bin/mvn" << HONK
#!/bin/sh
own=\\$(cd "\\$(dirname "\\$0")/../maven" && pwd) || exit 1
export MAVEN_OPTS="-Dmaven.conf=\\$own/conf {_SWIFT} \\$MAVEN_OPTS"
exec "$1" -s "\\$own/conf/settings.xml" -gs "\\$own/conf/settings.xml" "-Dmaven.repo.local=\\$own/repository" "\\$@"
HONK
chmod +x "$HONK_STORE/bin/mvn"
for line in {_LOGGING}; do
    echo "org.slf4j.simpleLogger.$line"
done > "$HONK_STORE/maven/conf/logging/simplelogger.properties"
"""
_SETTINGS = """\
cat > "$HONK_STORE/maven/conf/settings.xml" << HONK
<settings><offline>$2</offline><mirrors>
  <mirror><id>route</id><mirrorOf>*</mirrorOf><url>$HONK_ROUTE/maven</url></mirror>
</mirrors></settings>
HONK
"""
# The tests are begun, with none of them chosen. Where that fails, what is missing for compiling them says more.
_RESOLVE = """\
mvn -B -fae -Dtest=*#none -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false clean test 2>&1 && exit 0
log=$HONK_STORE/maven/build.log
mvn -B -fae clean test-compile > "$log" 2>&1 && exit 0
cat "$log"
grep -m 3 '^.ERROR. .*[^ ]' "$log" >&2
exit 1
"""
# Each room builds anew. What is a part of the repository stays.
_TIDY = "git ls-files --error-unmatch target > /dev/null 2>&1 || rm -rf target"
_JAVA = re.compile(r"<(?:maven\.compiler\.)?(?:release|source|target)>\s*((?:1\.)?\d{1,2})\s*<")
_NOT_OURS = {"src", "target", "node_modules"}


def manifests(files: Sequence[str]) -> tuple[str, ...]:
    """Every pom.xml outside of sources, and what Maven reads from `.mvn`."""
    if MANIFEST not in files:
        return ()
    return tuple(path for path in files if path in _OTHERS or _is_manifest(path))


def plan(files: Sequence[str], texts: Mapping[str, str], tools: Mapping[str, Tool]) -> Provision | None:
    """Resolve everything by one build, close the way out, and leave nothing compiled behind."""
    if MANIFEST not in files or not jvm.has_tests(files):
        return None
    if problems := jvm.lacking(MANIFEST, {"mvn": "Maven"}, tools):
        return Provision(ecosystem="Maven", problems=problems)
    own = {name: tools[name] for name in ("java", "javac", "mvn")}
    wanted = (found for path, text in texts.items() if _is_manifest(path) for found in _JAVA.findall(text))
    if problems := jvm.newer_java(MANIFEST, wanted, own["java"]):
        return Provision(ecosystem="Maven", tools=own, problems=problems)
    lay = ("/bin/sh", "-c", _LAY + _SETTINGS, "sh", own["mvn"].path, "false")
    close = ("/bin/sh", "-c", _SETTINGS, "sh", "", "true")
    tidy = ("find", ".", "-name", MANIFEST, "-not", "-path", "*/target/*", "-execdir", "sh", "-c", _TIDY, ";")
    return Provision(
        ecosystem="Maven",
        tools=own,
        steps=(
            Step(title="The settings of Maven", argv=lay),
            Step(title=f"What {MANIFEST} needs", argv=("/bin/sh", "-c", _RESOLVE)),
            Step(title="Settings without a way out", argv=close),
            Step(title="A clean tree", argv=tidy, is_essential=False),
        ),
        setup_env=jvm.SETUP_ENV,
        env=jvm.ENV,
    )


def _is_manifest(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return parts[-1] == MANIFEST and not _NOT_OURS & set(parts[:-1])


ECOSYSTEM = Ecosystem(
    name="Maven",
    programs={**jvm.PROGRAMS, "mvn": ("--version",)},
    manifests=manifests,
    plan=plan,
)

"""`make releases`: what the gate's rules say of third-party packages' own patch releases. Nothing here is asserted.

Two releases that follow one another, such as 1.4.2 and 1.4.3, are one change made by other people, which they thought
fit to ship; its request is what they wrote into their change log. A release is many changes at once, so this is harder
than one honest change. Nothing of the packages is run. Archives are kept in the folder that is named.
"""

import argparse
import json
import re
import sys
import tarfile
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin

from honk.base.package_index import default_index
from honk.domain.evidence import Finding, Ruling, Severity
from honk.domain.task import Brief
from honk.insight.figures import Rate, ruling_of
from honk.testing.labelled.case import Files, changes
from honk.verifier.honk_toml import HonkToml
from honk.verifier.rules import findings

PACKAGES = Path(__file__).with_suffix(".txt")
"""Names, one a line."""
EACH = 2
"""Pairs of a package, the newest."""
MAX_FILE_BYTES = 1 << 20
GOAL_CHARS = 4000
SMALL = 10
"""Files of a change that is small."""
_SOURCE = re.compile(r"[\w.-]+?-(\d+\.\d+\.\d+)\.tar\.gz", re.IGNORECASE)
_LINK = re.compile(r'<a[^>]*href="([^"]+)"[^>]*>\s*([^<\s]+)\s*</a>')
_CHANGE_LOG = re.compile(r"(?:^|/)(?:change|news|history|release)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One pair of releases."""

    package: str
    before: str
    after: str
    files: int
    ruling: Ruling
    vetoes: tuple[Finding, ...]


def sources(index: str, package: str) -> Mapping[str, str]:
    """Address by version, of source archives with a version of three numbers."""
    page = urljoin(f"{index.rstrip('/')}/", f"{package}/")
    text = _fetched(page).decode("utf-8", "replace")
    links = ((match[2], urljoin(page, match[1])) for match in _LINK.finditer(text))
    return {match[1]: link for name, link in links if (match := _SOURCE.fullmatch(name))}


def neighbours(versions: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Pairs that differ by one in the last number, the newest first."""
    ordered = sorted(versions, key=_numbers, reverse=True)
    for after, before in pairwise(ordered):
        old, new = _numbers(before), _numbers(after)
        if old[:2] == new[:2] and new[2] == old[2] + 1:
            yield before, after


def contents(archive: Path) -> Files:
    """The files that people wrote; what packaging generates is left out."""
    found: dict[str, str | bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = member.name.partition("/")[2]
            taken = tar.extractfile(member) if member.isfile() and member.size <= MAX_FILE_BYTES else None
            if taken is None or not path or path == "PKG-INFO" or "egg-info" in path:
                continue
            content = taken.read()
            try:
                found[path] = content.decode()
            except UnicodeDecodeError:
                found[path] = content
    return found


def goal_of(package: str, version: str, base: Files, head: Files) -> str:
    """What the release's change log says that the one before did not."""
    told = [f"Release {package} {version}"]
    for path, text in head.items():
        old = base.get(path)
        if _CHANGE_LOG.search(path) and isinstance(text, str) and isinstance(old, str):
            known = set(old.splitlines())
            told += [line for line in text.splitlines() if line not in known]
    return "\n".join(told)[:GOAL_CHARS]


def judged(package: str, before: str, after: str, archives: tuple[Path, Path]) -> Judged:
    """What the rules say with the defaults of a repository that configures nothing."""
    base, head = (contents(archive) for archive in archives)
    changed = changes(base, head)
    found = findings(changed, HonkToml(), Brief(version=1, goal=goal_of(package, after, base, head)))
    vetoes = tuple(finding for finding in found if finding.severity is Severity.VETO)
    ruling = ruling_of(found)
    return Judged(package=package, before=before, after=after, files=len(changed), ruling=ruling, vetoes=vetoes)


def pairs(shelf: Path) -> Iterator[Judged]:
    """All of them; what a registry does not give is named and left out."""
    index = default_index()
    if index is None:
        sys.exit("no package index is configured on this machine")
    for package in PACKAGES.read_text().split():
        try:
            links = sources(index, package)
            for before, after in list(neighbours(links))[:EACH]:
                old, new = (_kept(shelf, package, version, links[version]) for version in (before, after))
                yield judged(package, before, after, (old, new))
        except (OSError, tarfile.TarError) as error:
            print(f"{package}: left out, {error}", file=sys.stderr)


def _kept(shelf: Path, package: str, version: str, link: str) -> Path:
    archive = shelf / f"{package}-{version}.tar.gz"
    if not archive.exists():
        archive.write_bytes(_fetched(link))
    return archive


def _fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def report(found: list[Judged]) -> str:
    """Shares of all and of the small ones, then every veto."""
    lines = []
    for name, those in (("all", found), (f"under {SMALL} files", [one for one in found if one.files < SMALL])):
        counts = Counter(one.ruling for one in those)
        lines.append(
            f"{name}: vetoed {Rate(hits=counts[Ruling.VETO], of=len(those))}, "
            f"sent to a person {Rate(hits=counts[Ruling.NEEDS_HUMAN], of=len(those))}"
        )
    rules = Counter(rule for one in found for rule in {finding.rule for finding in one.vetoes})
    lines.append(f"vetoes by rule: {json.dumps(dict(rules.most_common()))}")
    lines += [
        f"  {one.package} {one.before} to {one.after} ({one.files} files): {finding.message}"
        for one in found
        for finding in one.vetoes[:2]
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The gate's rules on third-party patch releases.")
    parser.add_argument("--shelf", type=Path, default=Path.home() / "releases", help="where archives are kept")
    options = parser.parse_args()
    options.shelf.mkdir(parents=True, exist_ok=True)
    found = []
    for one in pairs(options.shelf):
        found.append(one)
        print(f"{len(found)}: {one.package} {one.after} {one.ruling}", file=sys.stderr)
    print(report(found))


if __name__ == "__main__":
    main()

"""The one line that tells what a run stands on."""

from honk.domain.health import EnvironmentHealth, Part, health_line

NODE = Part(ecosystem="Node.js", tools=("node 22.1", "npm 10.9"), lock="package-lock.json")


def test_everything_on_one_line() -> None:
    health = EnvironmentHealth(
        parts=(Part(ecosystem="Python", tools=("3.12.1",)), NODE),
        services=("redis 7.0",),
        packages=("jq",),
        missing=("Go is not there\nlog", "and more"),
        hints=("compose.yml names postgresql",),
        is_reused=True,
        seconds=12.34,
    )
    assert health_line(health) == (
        "Python (3.12.1; no lock file) · Node.js (node 22.1, npm 10.9; package-lock.json) · services: redis 7.0 · "
        "packages: jq · reused, built in 12.3 s · MISSING: Go is not there (and 1 more) · "
        "hint: compose.yml names postgresql"
    )


def test_what_was_built_just_now_and_what_had_not_to_be() -> None:
    assert health_line(EnvironmentHealth(parts=(NODE,), seconds=1.0)).endswith("package-lock.json) · built in 1.0 s")
    assert health_line(EnvironmentHealth()) == "nothing to install"

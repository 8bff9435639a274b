"""The forbidden-words check finds machine paths, mirrors and secrets, and nothing in plain sentences."""

from pathlib import Path

import pytest

from checks.forbidden import findings_in, machine_rules, rules_from
from checks.tree import TOP

RULES = rules_from((TOP / "ci/checks/forbidden.txt").read_text())


@pytest.mark.parametrize(
    "line",
    [
        "cd /home/jane/src",
        "see /root/.cache",
        "deb http://deb.debian.org/debian bookworm main",
        "curl https://snapshot.debian.org/x",
        "pip install -i https://pypi.org/simple x",
        "FROM ghcr.io/jane/image",
        "FROM gcr.io/oss-fuzz-base/base-builder",
        "image: eu.gcr.io/project/image",
        "docker pull quay.io/jane/image",
        "FROM europe-docker.pkg.dev/project/image",
        "http_proxy=http://10.0.0.1:3128",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_found(line: str) -> None:
    (finding,) = findings_in("x", f"first\n{line}\n", RULES)
    assert finding.line == 2


@pytest.mark.parametrize(
    "line",
    [
        "the /proc/PID/root link",
        "https://www.apache.org/licenses/",
        "/tmp/x",
        "at home/work",
        "a debian mirror",
    ],
)
def test_left_alone(line: str) -> None:
    assert not list(findings_in("x", line, RULES))


def test_this_checkout_is_forbidden() -> None:
    rules = machine_rules(Path("/srv/jane/tree"), Path("/root"))
    assert [
        finding.line
        for finding in findings_in(
            "x", "ok\n/srv/jane/tree/ci\n/srv/jane/trees\n", rules
        )
    ] == [2]

"""The layer check finds what it must and leaves the rest alone."""

import pytest

from checks.layers import MAY_INCLUDE, findings_in, kind_of, layer_of, wrong_include


@pytest.mark.parametrize(
    "path, included",
    [
        ("cr/sys/fd.cc", "cr/sys/fd.h"),
        ("cr/sys/fd.cc", "cr/base/result.h"),
        ("cr/trace/agent.cc", "cr/executor/ops.h"),
        ("cr/kinds/eventfd/collect.cc", "cr/kinds/eventfd/eventfd.h"),
        ("cr/kinds/eventfd/collect.cc", "cr/kinds/kind.h"),
        ("cr/kinds/registry.cc", "cr/kinds/eventfd/eventfd.h"),
        ("cr/engine/dump.cc", "cr/kinds/kind.h"),
        ("cr/cli/main.cc", "cr/engine/dump.h"),
        ("bench/main.cc", "cr/engine/dump.h"),
    ],
)
def test_allowed(path: str, included: str) -> None:
    assert wrong_include(path, included) is None


@pytest.mark.parametrize(
    "path, included, word",
    [
        ("cr/base/result.h", "cr/sys/fd.h", "base must not include sys"),
        ("cr/proc/maps.cc", "cr/sys/fd.h", "proc must not include sys"),
        ("cr/sys/fd.cc", "cr/proc/maps.h", "sys must not include proc"),
        ("cr/executor/blob.cc", "cr/trace/agent.h", "executor must not include trace"),
        ("cr/image/reader.cc", "cr/kinds/kind.h", "image must not include kinds"),
        ("cr/kinds/pipe/plan.cc", "cr/engine/dump.h", "kinds must not include engine"),
        ("cr/engine/dump.cc", "cr/cli/options.h", "engine must not include cli"),
        ("cr/kinds/pipe/plan.cc", "cr/kinds/eventfd/eventfd.h", "kind pipe"),
        ("cr/misc/x.cc", "cr/base/result.h", "no layer"),
        ("cr/cli/main.cc", "cr/version.h", "in no layer"),
    ],
)
def test_refused(path: str, included: str, word: str) -> None:
    assert word in (wrong_include(path, included) or "")


def test_finding_names_the_line() -> None:
    text = '#include <vector>\n\n  #  include "cr/cli/options.h"\n'
    (finding,) = findings_in("cr/base/result.h", text)
    assert (finding.path, finding.line) == ("cr/base/result.h", 3)


def test_system_headers_and_comments_are_ignored() -> None:
    assert not list(
        findings_in("cr/base/a.h", '#include <cstdint>\n// #include "cr/cli/x.h"\n')
    )


def test_no_two_layers_include_each_other() -> None:
    for layer, below in MAY_INCLUDE.items():
        assert layer not in below
        assert not [other for other in below if layer in MAY_INCLUDE[other]]


def test_names() -> None:
    assert layer_of("cr/sys/fd.h") == "sys"
    assert layer_of("cr/CMakeLists.txt") is None
    assert layer_of("bench/trees.cc") is None
    assert kind_of("cr/kinds/pipe/plan.cc") == "pipe"
    assert kind_of("cr/kinds/registry.cc") is None

"""The check of refusals reads every way in which the code names a kind, and compares both ways."""

import pytest

from checks.refusals import README, findings_in, kinds_of, told_in, unreadable

TABLE = """# State that is refused

| word | rows | programs |
|---|---|---|
| `epoll` | F4 | epoll |

## Known, and without a program

* `rare` and `rarer` (R1): no `hardware` has them.
"""
CODE = """
collector.refuse(pid, "epoll", "task", "is an epoll set");
{PR_GET, 0, "rare", "is rare"},
{PR_GET, 1, "rarer", "is rarer"},
"""


@pytest.mark.parametrize(
    "code",
    [
        'collector.refuse(pid, "a-kind", "task", "has it");',
        'collector.refuse(process.pid(), "a-kind", std::string(line), "has it");',
        'collector.refuse(\n    pid, "a-kind", fmt::format("thread {}", tid),\n    "has it");',
        'if (x) refuse("a-kind", fmt::format("has {}", x));',
        'return FileRefusals(fd, collector)\n    .refuse("a-kind", "has it");',
        'return FileRefusal{"a-kind", fmt::format("has {}", x)};',
        'blockers_.push_back(\n    {tid, "a-kind", "thread", "has it"});',
        'return Failure(Error::unsupported(\n    {{pid, "a-kind", "task",\n "has it"}}));',
        '{"anon_inode:[thing]", "a-kind", "is a thing"},',
        '{SYS_prctl,\n {PR_GET, 0},\n 0,\n "a-kind",\n "has it"},',
        'look_for_sharing(tree, sys::Shared::kVm, "a-kind", "shares it with", collector);',
    ],
)
def test_every_way_to_name_a_kind_is_read(code: str) -> None:
    assert [word for _, word in kinds_of(code)] == ["a-kind"]
    assert not list(unreadable(code))


def test_what_is_handed_on_names_none() -> None:
    code = 'collector.refuse(pid, known.kind, "task", fmt::format("{} it", x));'
    assert not list(kinds_of(code)) and not list(unreadable(code))


def test_a_refusal_that_cannot_be_read_is_found() -> None:
    code = '\ncollector.refuse(pid, word_of(x), where, "is of a kind unknown");'
    assert list(unreadable(code)) == [2]
    (finding,) = findings_in({"cr/kinds/a.cc": CODE + code}, TABLE)
    assert finding.path == "cr/kinds/a.cc" and "no text" in finding.text


def test_table_and_list_are_read() -> None:
    told = [word for _, words in told_in(TABLE) for word in words]
    assert told == ["epoll", "rare", "rarer"]


def test_all_in_order_passes() -> None:
    assert not list(findings_in({"cr/kinds/a.cc": CODE}, TABLE))


def test_a_kind_that_nobody_told_is_found() -> None:
    more = CODE + 'refuse("new-kind", "is new");'
    (finding,) = findings_in({"cr/kinds/a.cc": more}, TABLE)
    assert (finding.path, finding.line) == ("cr/kinds/a.cc", 5)
    assert "`new-kind` has no program" in finding.text


@pytest.mark.parametrize("entry", ["| `gone` | F4 | gone |\n", "* `gone`: it is.\n"])
def test_a_word_that_the_code_does_not_have_is_found(entry: str) -> None:
    (finding,) = findings_in({"cr/kinds/a.cc": CODE}, TABLE + entry)
    assert finding.path == README and "never refuses with `gone`" in finding.text


def test_a_word_in_both_is_found() -> None:
    (finding,) = findings_in({"cr/kinds/a.cc": CODE}, TABLE + "* `epoll`: no.\n")
    assert "there twice" in finding.text


def test_a_row_of_several_kinds_adds_none() -> None:
    row = "| `epoll` `rare` | F4 | both |\n"
    assert not list(findings_in({"cr/kinds/a.cc": CODE}, row + TABLE))
    (finding,) = findings_in(
        {"cr/kinds/a.cc": CODE}, row.replace("rare", "gone") + TABLE
    )
    assert "`gone` is nowhere alone" in finding.text

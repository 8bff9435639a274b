"""The schema check: each way to break old images is found by name, and what only adds is let through."""

from pathlib import Path

import pytest

from checks import schema
from checks.descriptors import describe, listing, parse_listing, schema_of
from checks.schema import record_types, violations

RELEASED = """syntax = "proto3";
package t;
message Empty {}
message Box {
  enum Colour { RED = 0; BLUE = 1; reserved 7 to 9; }
  reserved 20, 30 to 39;
  reserved "old";
  uint32 size = 1;
  repeated string names = 2;
  optional int64 weight = 3;
  Colour colour = 4;
  oneof what { Empty empty = 5; bytes data = 6; }
  Inner inner = 8;
  message Inner { bool set = 1; }
}
"""

# What is replaced by what, and how it is named.
BROKEN = {
    "removed field": ("  uint32 size = 1;\n", "", "message t.Box: size was removed"),
    "renamed field": ("size = 1", "length = 1", "its number 1 is length's"),
    "renumbered": ("size = 1", "size = 11", "size had the number 1 and has 11"),
    "retyped": ("uint32 size", "uint64 size", "size was of type uint32 and is of uint64"),
    "another message": ("Inner inner", "Empty inner", "inner was of type .t.Box.Inner"),
    "single to repeated": ("uint32 size", "repeated uint32 size", "size was single and is repeated"),
    "repeated to single": ("repeated string", "string", "names was repeated and is single"),
    "optional to single": ("optional int64", "int64", "weight was optional and is single"),
    "out of the oneof": ("bytes data = 6; }", "} bytes data = 6;", "data was oneof what and is single"),
    "removed value": ("BLUE = 1; ", "", "enum t.Box.Colour: BLUE was removed"),
    "renumbered value": ("BLUE = 1", "BLUE = 2", "BLUE had the number 1 and has 2"),
    "removed message": ("message Inner { bool set = 1; }", "", "message t.Box.Inner was removed"),
    "removed enum": (
        "enum Colour { RED = 0; BLUE = 1; reserved 7 to 9; }",
        "",
        "enum t.Box.Colour was removed",
    ),
    "reserved number": (
        "  reserved 20, 30 to 39;",
        "  uint32 new = 35;",
        "new uses the number 35, which was reserved",
    ),
    "reserved name": ('  reserved "old";', "  uint32 old = 40;", "old is a name that was reserved"),
    "reserved value": ("reserved 7 to 9", "GREEN = 8", "GREEN uses the number 8"),
    "nothing reserved": ("30 to 39", "30 to 38", "30 to 39 is no longer reserved"),
}  # fmt: skip


def compiled(folder: Path, text: str) -> schema.Schema:
    (folder / "x.proto").write_text(text)
    return schema_of(describe(folder, ["x.proto"]))


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_old_images_is_named(tmp_path: Path, name: str) -> None:
    old, new, words = BROKEN[name]
    assert RELEASED.count(old) == 1
    text = RELEASED.replace(old, new)
    if name in ("removed message", "removed enum"):
        text = text.replace(
            "  Inner inner = 8;\n" if "Inner" in old else "  Colour colour = 4;\n", ""
        )
    found = list(violations(compiled(tmp_path, RELEASED), compiled(tmp_path, text)))
    assert any(words in text for text in found), found


def test_additions_pass(tmp_path: Path) -> None:
    more = (
        RELEASED.replace("size = 1;", "size = 1; uint32 new = 9;")
        .replace("BLUE = 1;", "BLUE = 1; GREEN = 2;")
        .replace("bytes data = 6;", "bytes data = 6; Inner other = 10;")
        .replace("30 to 39", "30 to 45")
    )
    more += "message New { uint32 size = 1; }\n"
    assert not list(violations(compiled(tmp_path, RELEASED), compiled(tmp_path, more)))


def test_order_comments_and_options_do_not_count(tmp_path: Path) -> None:
    other = RELEASED.replace("  uint32 size = 1;\n", "").replace(
        "message Inner",
        "uint32 size = 1 [deprecated = true];  // moved\n message Inner",
    )
    assert not list(violations(compiled(tmp_path, RELEASED), compiled(tmp_path, other)))


def test_a_listing_says_all(tmp_path: Path) -> None:
    now = compiled(tmp_path, RELEASED)
    assert parse_listing(listing(now)) == now


def test_a_listing_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="size at 1"):
        parse_listing("message t.Box\n  size at 1\n")


def test_types_of_records(tmp_path: Path) -> None:
    old = {
        "records": record_types("  kTaskRecord = 2,  // id: pid\n  kPipeRecord = 8,\n")
    }
    new = {"records": record_types("  kTaskRecord = 3,\n")}
    assert list(violations(old, new)) == [
        "records: Task had the number 2 and has 3",
        "records: Pipe was removed",
    ]
    assert parse_listing(listing(old)) == old


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    kinds = tmp_path / schema.FOLDER
    kinds.mkdir(parents=True)
    (kinds / "x.proto").write_text(RELEASED)
    (tmp_path / schema.RECORD_TYPES).write_text("  kTaskRecord = 2,\n")
    monkeypatch.setattr(schema, "files", lambda *_, **__: [f"{schema.FOLDER}/x.proto"])
    return tmp_path


def test_without_a_release_nothing_passes(tree: Path) -> None:
    assert schema.main(tree) == 1


def test_a_release_is_the_next_reference(tree: Path) -> None:
    assert schema.main(tree, ["--release"]) == 0
    assert schema.main(tree) == 0
    source = tree / schema.FOLDER / "x.proto"
    source.write_text(RELEASED.replace("uint32 size", "uint64 size"))
    assert schema.main(tree) == 1


def test_a_release_does_not_forget_the_last_one(tree: Path) -> None:
    assert schema.main(tree, ["--release"]) == 0
    before = (tree / schema.RELEASED).read_text()
    source = tree / schema.FOLDER / "x.proto"
    source.write_text(RELEASED.replace("uint32 size", "uint64 size"))
    assert schema.main(tree, ["--release"]) == 1
    assert (tree / schema.RELEASED).read_text() == before

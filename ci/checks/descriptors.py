"""Schemas as protoc describes them, reduced to what an image depends on; and a listing of them that diffs well."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

_RESERVED = re.compile(r"reserved (\d+) to (\d+)")
_MEMBER = re.compile(r"(\w+) = (\d+)((?: \S+)*)")


@dataclass(frozen=True)
class Member:
    """A field of a message, a value of an enum, a type of record."""

    number: int
    label: str = ""  # "", "optional", "repeated", "oneof NAME"; fields only
    type: str = ""


@dataclass
class Kind:
    """A message, an enum, or all types of records."""

    members: dict[str, Member] = field(default_factory=dict)
    reserved: list[tuple[int, int]] = field(default_factory=list)  # ends included
    reserved_names: list[str] = field(default_factory=list)


Schema = dict[str, Kind]


@dataclass
class Node:
    """A message in the text format of protobuf, as protoc prints it: a value or a brace a line."""

    values: dict[str, list[str]] = field(default_factory=dict)
    nodes: dict[str, list["Node"]] = field(default_factory=dict)

    def value(self, name: str, otherwise: str = "") -> str:
        return self.values.get(name, [otherwise])[0]


def parse(text: str) -> Node:
    stack = [Node()]
    for line in map(str.strip, text.splitlines()):
        if line == "}":
            stack.pop()
        elif line.endswith(" {") and not line.endswith('"'):
            node = Node()
            stack[-1].nodes.setdefault(line.removesuffix(" {"), []).append(node)
            stack.append(node)
        else:
            name, _, value = line.partition(": ")
            stack[-1].values.setdefault(name, []).append(value.strip('"'))
    if len(stack) != 1:
        raise ValueError("a description of schemas that ends in the middle")
    return stack[0]


def describe(folder: Path, names: list[str]) -> Node:
    """A FileDescriptorSet of the schemas, whose names are below the folder."""
    compiled = subprocess.run(
        ["protoc", f"-I{folder}", "--descriptor_set_out=/dev/stdout", *names],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    meta = "google/protobuf/descriptor.proto"
    decode = ["protoc", "--decode=google.protobuf.FileDescriptorSet", meta]
    decoded = subprocess.run(
        decode, check=True, input=compiled, stdout=subprocess.PIPE
    ).stdout
    return parse(decoded.decode())


def schema_of(described: Node) -> Schema:
    schema: Schema = {}
    for file in described.nodes.get("file", []):
        _add_kinds(file, file.value("package"), "message_type", schema)
    return schema


def _add_kinds(node: Node, scope: str, messages: str, schema: Schema) -> None:
    for message in node.nodes.get(messages, []):
        name = f"{scope}.{message.value('name')}"
        schema[f"message {name}"] = _message(message)
        _add_kinds(message, name, "nested_type", schema)
    for enum in node.nodes.get("enum_type", []):
        schema[f"enum {scope}.{enum.value('name')}"] = _enum(enum)


def _message(node: Node) -> Kind:
    kind = Kind(reserved_names=node.values.get("reserved_name", []))
    oneofs = [each.value("name") for each in node.nodes.get("oneof_decl", [])]
    for each in node.nodes.get("field", []):
        label = each.value("label").removeprefix("LABEL_").lower()
        if each.value("proto3_optional") == "true":
            label = "optional"
        elif index := each.value("oneof_index"):
            label = f"oneof {oneofs[int(index)]}"
        elif label == "optional":  # what proto3 calls a field without a word before it
            label = ""
        what = each.value("type_name") or each.value("type")
        what = what.removeprefix("TYPE_").lower() if what.startswith("TYPE_") else what
        number = int(each.value("number"))
        kind.members[each.value("name")] = Member(number, label, what)
    for each in node.nodes.get("reserved_range", []):
        # Of messages the end is the first number that is free again.
        kind.reserved.append((int(each.value("start")), int(each.value("end")) - 1))
    return kind


def _enum(node: Node) -> Kind:
    kind = Kind(reserved_names=node.values.get("reserved_name", []))
    for each in node.nodes.get("value", []):
        kind.members[each.value("name")] = Member(int(each.value("number")))
    for each in node.nodes.get("reserved_range", []):
        kind.reserved.append((int(each.value("start")), int(each.value("end"))))
    return kind


def listing(schema: Schema) -> str:
    lines = []
    for name, kind in sorted(schema.items()):
        lines.append(name)
        for member, what in sorted(
            kind.members.items(), key=lambda item: item[1].number
        ):
            words = [f"  {member} = {what.number}", what.label, what.type]
            lines.append(" ".join(filter(None, words)))
        lines += [f"  reserved {first} to {last}" for first, last in kind.reserved]
        lines += [f"  reserved {member}" for member in kind.reserved_names]
    return "\n".join(lines) + "\n"


def parse_listing(text: str) -> Schema:
    schema: Schema = {}
    kind = Kind()
    for line in text.splitlines():
        if not line.startswith("  "):
            kind = schema.setdefault(line, Kind())
        elif match := _RESERVED.fullmatch(line.strip()):
            kind.reserved.append((int(match[1]), int(match[2])))
        elif line.startswith("  reserved ") and "=" not in line:
            kind.reserved_names.append(line.split()[1])
        elif match := _MEMBER.fullmatch(line.strip()):
            *label, type_ = match[3].split() or [""]
            kind.members[match[1]] = Member(int(match[2]), " ".join(label), type_)
        else:
            raise ValueError(f"a listing of schemas has the line {line!r}")
    return schema

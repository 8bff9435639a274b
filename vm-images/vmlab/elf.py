"""The two things we need from ELF files: the path of the program interpreter, and one section of a kernel module."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .errors import VmSetupError

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_PT_INTERP = 3


def _header(data: bytes) -> tuple[int, ...]:
    # 2: ELFCLASS64. All we read is built for x86-64 kernels.
    if len(data) < _HEADER.size or data[:5] != b"\x7fELF\x02":
        raise VmSetupError("not a 64-bit ELF file")
    return _HEADER.unpack_from(data)[1:]


def _rows(
    data: bytes, row: struct.Struct, offset: int, size: int, count: int
) -> Iterator[tuple[int, ...]]:
    if size < row.size and count:
        raise VmSetupError("ELF table with rows that are too small")
    for index in range(count):
        start = offset + index * size
        if start + row.size > len(data):
            raise VmSetupError("ELF table reaches past the end of the file")
        yield row.unpack_from(data, start)


def _interpreter_span(data: bytes) -> tuple[int, int]:
    _, _, _, _, table, _, _, _, size, count, _, _, _ = _header(data)
    for kind, _, offset, _, _, length, _, _ in _rows(
        data, _PROGRAM, table, size, count
    ):
        if kind == _PT_INTERP:
            return offset, length
    raise VmSetupError("ELF file has no program interpreter")


def interpreter(data: bytes) -> str:
    offset, length = _interpreter_span(data)
    return data[offset : offset + length].rstrip(b"\0").decode()


def with_interpreter(data: bytes, path: str) -> bytes:
    """The same program started by another dynamic linker. The new path must fit into the place of the old one."""
    offset, length = _interpreter_span(data)
    new = path.encode()
    if len(new) >= length:
        raise VmSetupError(
            f"interpreter path {path} is longer than the {length - 1} bytes there are"
        )
    return data[:offset] + new.ljust(length, b"\0") + data[offset + length :]


def section(data: bytes, wanted: str) -> bytes:
    """The bytes of a section, empty if there is none of that name."""
    _, _, _, _, _, table, _, _, _, _, size, count, names_index = _header(data)
    rows = list(_rows(data, _SECTION, table, size, count))
    if names_index >= len(rows):
        return b""
    names_offset = rows[names_index][4]
    for row in rows:
        start = names_offset + row[0]
        end = data.find(b"\0", start)
        if data[start:end].decode(errors="replace") == wanted:
            return data[row[4] : row[4] + row[5]]
    return b""

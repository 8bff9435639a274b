"""One exact Debian package, as a lock file remembers it: enough to fetch it and to prove that it is the right one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .errors import VmSetupError


@dataclass(frozen=True, order=True)
class Package:
    name: str
    version: str
    architecture: str
    suite: str
    filename: str
    size: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Package:
        return Package(**data)


def parse_stanzas(text: str, suite: str) -> list[Package]:
    """Read control stanzas (`apt-cache show`); a stanza without a checksum or a file is an error, not a gap."""
    found = []
    for stanza in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in stanza.splitlines():
            name, colon, value = line.partition(":")
            # Continuation lines begin with a space and belong to fields we do not read.
            if colon and not line.startswith((" ", "\t")):
                fields[name] = value.strip()
        if not fields:
            continue
        try:
            found.append(
                Package(
                    name=fields["Package"],
                    version=fields["Version"],
                    architecture=fields["Architecture"],
                    suite=suite,
                    filename=fields["Filename"],
                    size=int(fields["Size"]),
                    sha256=fields["SHA256"],
                )
            )
        except (KeyError, ValueError) as wrong:
            raise VmSetupError(
                f"package stanza of {fields.get('Package', '?')} in {suite} lacks {wrong}"
            ) from wrong
    return found


def write_lock(path: Path, data: object) -> None:
    """By rename: who reads at the same time sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")
    fresh.rename(path)

"""What a cell takes along to another machine: its image, its work directory, and what the witness saw. A text."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.workdir import KeptDirectory, Times

FACTS, IMAGE, WORK = "facts.json", "image", "work"


@dataclass
class Luggage:
    """`facts` is JSON: what one cell tells the next."""

    facts: dict[str, Any]

    def pack(self, image: Path, work: Path, store: Path) -> str:
        """`store` is a name that nobody has."""
        kept = KeptDirectory(work, store)
        facts = {
            **self.facts,
            "times": {str(name): times for name, times in kept.times.items()},
        }
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            text = json.dumps(facts).encode()
            entry = tarfile.TarInfo(FACTS)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
            archive.add(image, IMAGE)
            archive.add(store, WORK)
        return base64.b64encode(zlib.compress(buffer.getvalue(), 1)).decode()

    @staticmethod
    def unpack(text: str, image: Path, work: Path, store: Path) -> Luggage:
        """Puts image and work directory into their places. `store` is a name that nobody has."""
        store.mkdir()
        buffer = io.BytesIO(zlib.decompress(base64.b64decode(text)))
        with tarfile.open(fileobj=buffer) as archive:
            archive.extractall(store, numeric_owner=True)
        facts = json.loads((store / FACTS).read_text())
        (store / IMAGE).rename(image)
        times: dict[Path, Times] = {
            Path(name): (atime, mtime)
            for name, (atime, mtime) in facts.pop("times").items()
        }
        KeptDirectory.of(work, store / WORK, times).put_back()
        return Luggage(facts)

"""The engines the matrix knows. An adapter runs inside the machine, next to the tree."""

from __future__ import annotations

import importlib

from harness.cells import EngineSpec
from harness.engines.base import Engine

# The adapter's class by the name given to --engine.
ADAPTERS = {
    "cr": "harness.engines.cr:Cr",
    "criu": "harness.engines.criu:Criu",
    "none": "harness.engines.base:Engine",
}


def load(spec: EngineSpec) -> Engine:
    module, _, name = spec.adapter.partition(":")
    adapter = getattr(importlib.import_module(module), name)
    engine = adapter(spec.program, **spec.options)
    if not isinstance(engine, Engine):
        raise TypeError(f"{spec.adapter} is no engine adapter")
    return engine

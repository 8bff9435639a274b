"""Layers of the guests' root, unpacked for the host: packages of another suite or architecture, never installed."""

from __future__ import annotations

from pathlib import Path


class FetchError(Exception):
    """The packages cannot be had; the message says why."""


def unpacked(layer: str) -> Path:
    """The directory that holds the layer's packages; fetched on first use. Guests have the same ones in their root."""
    # Only here: cells on the host need no vmlab until one wants such a program.
    from vmlab import VmSetupError, layers

    try:
        return layers.tree(layer)
    except VmSetupError as wrong:
        raise FetchError(str(wrong)) from wrong

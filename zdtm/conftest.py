"""Loads the matrix plug-in for every run of pytest below this folder."""

pytest_plugins = ("harness.plugin", "harness.sharding")

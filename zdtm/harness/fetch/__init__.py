"""Debian packages unpacked into the cache, never installed."""

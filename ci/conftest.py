"""Lets the tests import the package `checks` beside this file."""

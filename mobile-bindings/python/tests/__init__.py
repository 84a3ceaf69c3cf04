"""Tests of the Python binding."""

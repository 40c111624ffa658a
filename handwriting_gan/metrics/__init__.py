"""Metrics: pure functions of arrays, one a file."""

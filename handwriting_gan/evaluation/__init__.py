"""Metrics, each a pure function of arrays in a file of its own, and the scorecard that they fill."""

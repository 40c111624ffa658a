"""Synthesis: a trained model out of a workdir, and what it writes."""

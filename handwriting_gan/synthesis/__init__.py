"""Synthesis: loads a trained model from a workdir and writes with it."""

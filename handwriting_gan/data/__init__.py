"""Digits in: sources of glyphs, batches drawn from them, and pictures out."""

"""Glyphs: their sources, batches sampled from them, and pictures of them."""

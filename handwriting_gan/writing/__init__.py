"""Reads a number in a photo and writes another number in the same hand."""

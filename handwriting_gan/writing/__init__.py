"""From a picture of a number to another number in the same hand."""

"""The networks, one file per role; plain fields in, arrays in and out."""

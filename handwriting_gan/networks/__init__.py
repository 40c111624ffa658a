"""The networks, one file per family; plain fields in, arrays in and out."""

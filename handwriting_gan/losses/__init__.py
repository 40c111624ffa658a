"""Loss functions of arrays; each returns a scalar."""

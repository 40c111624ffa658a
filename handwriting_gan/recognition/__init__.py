"""Networks that judge and read, fitted on real digits only; training never sees them."""

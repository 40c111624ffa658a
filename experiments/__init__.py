import handwriting_gan  # noqa: F401  -- before JAX, whose environment it prepares

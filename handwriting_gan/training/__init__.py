"""Training: one step that plays any method's phases, and the loop that decides when to log, sample and save."""

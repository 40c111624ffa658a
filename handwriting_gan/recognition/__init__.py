"""Networks that judge synthesised glyphs and read photos. They are fitted on real digits; training never uses them."""

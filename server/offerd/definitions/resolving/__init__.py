"""Documents to the catalogue: names looked up, rules compiled, everything numbered."""

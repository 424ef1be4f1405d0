"""Plain values to documents: every definition checked for shape, on its own."""

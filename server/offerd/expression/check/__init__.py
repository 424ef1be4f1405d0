"""Syntax tree to checked tree: types, declarations, the checker, and nearest names."""

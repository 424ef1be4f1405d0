"""The functions of the language: one typed table, and what its entries do."""

"""Text to syntax tree: tokens, lexer, parser, and the tree with its source positions."""

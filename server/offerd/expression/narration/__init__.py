"""What an explanation says, in data and in words: values, names, facts, and what would help."""

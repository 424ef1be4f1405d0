"""Between wire types and model: requests are checked on the way in, nothing is on the way out."""

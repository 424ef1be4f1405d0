"""Files to plain values with places: folders, YAML, JSON, JSON Lines, CSV."""

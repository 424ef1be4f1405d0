"""Audiences: what rules may read, and who is a member at the instant asked."""

"""Deciding over a file of profiles: what they get, and what a change of definitions changes."""

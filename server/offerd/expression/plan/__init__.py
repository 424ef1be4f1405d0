"""Checked tree to something that runs: generated Python, and the exact form behind it."""

"""What things are: definitions as compiled, profiles, events, requests and decisions.

Plain data. Nothing here does I/O, reads a clock or knows a wire format.
"""

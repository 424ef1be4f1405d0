"""Rule engines that a Python user can install, each asked about W in the fastest ways found.

Every module holds one engine and knows nothing of offerd, so that each runs in an environment of
its own (`child` is its process). An engine may be asked in several ways: offer by offer, as its
makers would have it, and rule by rule with the offers looked up by hand.
"""

"""Deciding: a pure function of catalogue, customer, context and instant.

Read `engine.decide` first. `prepared` is the catalogue made ready at load, `eligibility`
and `capping` are the stages that a candidate passes, `explaining` tells why.
"""

"""Deciding: a pure function of catalogue, customer, context and instant.

Read `engine.decide` first. `prepared` is the catalogue made ready at load (`preparing`, of the
`outline` of all offers and the `candidates` of each decision; `warming`, for the first requests)
and `request` what one request shares, with the `verdicts` of its rules. Where rules alone decide,
`plain` answers at once, from the `orders` of candidates that scopes share, and so does `capped` far
from caps on decisions. `stages` are those that a candidate passes by itself, with `capping`;
`passing` finds those that do, by the `rule_index`, made of `conditions` in `columns`, and the
`shelves` of the rules that hold, or quicker by `blocks`. `ranking` gives scores, and so do `tabled`
and `vectors`, quicker; `replacing` and `sequencing` make a scope's ranking of them (`ranked`), with
`ties`. `turns` are the scopes, in the arms of `experiments`; `arranging` lets them choose one after
another, each by `choosing` from what is `remaining`, with `exclusions` and the look-ahead of
`arbitration`; `fallback` fills what is left. `explaining` and `reasons` tell why, `diagnostics`
what failed, `wording` says it, `hiding` knows what not to tell.
"""

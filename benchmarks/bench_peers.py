"""The engine beside datalogic-py, a rule engine in Rust, on workload W in one run.

Its answers are compared first. Each of the 200 rules is compiled once and a customer is parsed
once for all rules, which is the fastest way to ask it; offers are asked in the order in which
they rank, until five are found or, for all eligible, to the end. Offerd's matching is measured
alone and as the whole public function with dates, representation, caps and de-duplication.

usage: python benchmarks/bench_peers.py, with datalogic-py installed (`make bench-peers`)
"""

from __future__ import annotations

from bench_engine import Bench, Matching, compare, shown, whole
from rich.console import Console
from rich.table import Table
from rivals import BitmapIndex, Datalogic
from workload import prepared, workload

ROUNDS = 40


def main() -> None:
    """Compares answers, measures, and prints decisions a second and ratios."""
    made = workload()
    customers = made.customers
    bitmap, peer = BitmapIndex(made), Datalogic(made)
    plain, ready = prepared(made), prepared(made, capped=True, dated=True)
    matching, ask = Matching(plain, made), whole(ready)
    compare(made, bitmap, matching, ask)
    for customer in customers[:50]:
        assert peer.best(customer, 5) == shown(ask(customer)), "the answers differ"
    assert peer.every(customers[0]) == bitmap.every(customers[0]), "the answers differ"
    bench = Bench(ROUNDS)
    bench.add("datalogic-py, top 5", lambda c: peer.best(c, 5), customers)
    bench.add("bitmap index, top 5", lambda c: bitmap.best(c, 5), customers)
    bench.add("offerd matching, top 5", matching.best, customers)
    bench.add("offerd decide, all on, top 5", ask, customers)
    bench.add("datalogic-py, all", peer.every, customers[:3])
    bench.add("bitmap index, all", bitmap.every, customers[:10])
    bench.add("offerd matching, all", matching.every, customers[:10])
    bench.run()
    table = Table("what", "µs", "a second", "times datalogic-py", title="workload W, one thread")
    for name, cost_us in bench.costs_us.items():
        peer_us = bench.costs_us[f"datalogic-py, {'all' if name.endswith('all') else 'top 5'}"]
        row = f"{cost_us:.1f}", f"{1e6 / cost_us:,.0f}", f"{peer_us / cost_us:.2f}"
        table.add_row(name, *row)
    Console().print(table)


if __name__ == "__main__":
    main()

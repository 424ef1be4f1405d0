"""What rules cost: against handwritten Python, against other libraries, and to load.

Measured: ten typed rules, each beside the Python function a careful programmer would write for the
same flat dicts, alternating in one process, in CPU time of the thread; of many short slices the
fastest counts, so ratios are steadier than nanoseconds. Then loading 10,000 stored rules: decoding,
planning and compiling all of them, as a service does before it answers, in CPU time; of several
rounds the fastest counts. With `--peers` the same rules in other libraries, each
in a process of its own in an environment below .run, compiled once, with fresh data every time.

Not measured: reading records from a store, missing data (where the exact form runs, some ten times
slower), and how long definitions take to compile. Peers get times as whole seconds, which spares
them the arithmetic of timestamps.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".run" / "peers"
PACKAGES = {
    "cel-expr-python": "cel-expr-python==0.1.3",
    "cel-python": "cel-python==0.5.0",
    "common-expression-language": "common-expression-language==0.10.0",
}
DAY = 86_400
NOW = 1_700_000_000
GOAL = 1.5
LOAD_GOAL = 2
SLICE = 2_000
ROUNDS = 60
LOADS = 3

Values = dict[str, Any]
Function = Callable[[Values, Values, Values, int], Any]


def data(scale: int) -> tuple[Values, Values, Values, int]:
    """The records: profile, context, aggregate, now; times in units of which a second has many."""
    words = ("tea", "milk", "run", "swim", "yoga", "bike", "golf", "box", "judo", "ski")
    profile = {
        "tier": "plus",
        "age": 34,
        "points": 120,
        "email": "anna@example.se",
        "tags": ["news", "early", "sale"],
        "purchases": [{"category": word} for word in words],
        "last_purchase": (NOW - 40 * DAY) * scale,
        "vip": True,
        "relevance": 0.7,
        "margin": 0.4,
    }
    context = {"country": "SE", "channel": "web"}
    aggregate = {"visits": 12, "last_by_category": {"yoga": (NOW - 95 * DAY) * scale}}
    return profile, context, aggregate, NOW * scale


MONTH = 30 * DAY * 10**9
QUARTER = 90 * DAY * 10**9


def _equal(p: Values, c: Values, a: Values, now: int) -> Any:
    return p["tier"] == "plus"


def _range(p: Values, c: Values, a: Values, now: int) -> Any:
    return p["age"] >= 18 and p["age"] < 65


def _member(p: Values, c: Values, a: Values, now: int) -> Any:
    return c["country"] in ("SE", "NO", "DK") and p["vip"]


def _exists(p: Values, c: Values, a: Values, now: int) -> Any:
    for purchase in p["purchases"]:  # noqa: SIM110 - a loop is what costs least
        if purchase["category"] == "yoga":
            return True
    return False


def _since(p: Values, c: Values, a: Values, now: int) -> Any:
    return now - p["last_purchase"] > MONTH


def _lapsed(p: Values, c: Values, a: Values, now: int) -> Any:
    if p["tier"] != "plus":
        return False
    for purchase in p["purchases"]:
        if purchase["category"] == "yoga":
            break
    else:
        return False
    return now - p["last_purchase"] > MONTH and c["country"] in ("SE", "NO")


def _rank(p: Values, c: Values, a: Values, now: int) -> Any:
    return 0.6 * p["relevance"] + 0.3 * p["margin"] + (0.1 if p["tier"] == "plus" else 0.0)


def _present(p: Values, c: Values, a: Values, now: int) -> Any:
    return "vip" in p and p["vip"] and a["visits"] > 10


def _grouped(p: Values, c: Values, a: Values, now: int) -> Any:
    last = a["last_by_category"]
    return "yoga" in last and now - last["yoga"] > QUARTER


def _text(p: Values, c: Values, a: Values, now: int) -> Any:
    return p["email"].endswith(".se") and ("sale" in p["tags"] or c["channel"] == "web")


MONTHS_AGO = "now - profile.last_purchase > duration('720h')"
QUARTERS_AGO = "now - aggregate.last_by_category['yoga'] > duration('2160h')"
SECONDS = {"duration('720h')": str(30 * DAY), "duration('2160h')": str(90 * DAY)}
RULES: dict[str, tuple[str, Function]] = {
    "equality": ("profile.tier == 'plus'", _equal),
    "range": ("profile.age >= 18 && profile.age < 65", _range),
    "membership": ("context.country in ['SE', 'NO', 'DK'] && profile.vip", _member),
    "exists": ("profile.purchases.exists(p, p.category == 'yoga')", _exists),
    "time since": (MONTHS_AGO, _since),
    "lapsed": (
        "profile.tier == 'plus' && profile.purchases.exists(p, p.category == 'yoga') && "
        f"{MONTHS_AGO} && context.country in ['SE', 'NO']",
        _lapsed,
    ),
    "ranking": (
        "0.6 * profile.relevance + 0.3 * profile.margin + (profile.tier == 'plus' ? 0.1 : 0.0)",
        _rank,
    ),
    "presence": ("has(profile.vip) && profile.vip && aggregate.visits > 10", _present),
    "grouped": (f"'yoga' in aggregate.last_by_category && {QUARTERS_AGO}", _grouped),
    "text": (
        "profile.email.endsWith('.se') && ('sale' in profile.tags || context.channel == 'web')",
        _text,
    ),
}


def nanoseconds(function: Callable[..., Any], arguments: tuple[Any, ...], count: int) -> float:
    """CPU time of one call, from a slice of many."""
    calls = range(count)
    start = time.thread_time_ns()
    for _ in calls:
        function(*arguments)
    return (time.thread_time_ns() - start) / count


def environment() -> Any:
    """What the rules may read."""
    from offerd import expression as ex

    rows = ex.list_of(ex.map_of(ex.STRING, ex.STRING))
    types = {
        "tier": ex.STRING,
        "age": ex.INT,
        "points": ex.INT,
        "email": ex.STRING,
        "tags": ex.list_of(ex.STRING),
        "purchases": rows,
        "last_purchase": ex.TIMESTAMP,
        "vip": ex.BOOL,
        "relevance": ex.DOUBLE,
        "margin": ex.DOUBLE,
    }
    context = {"country": ex.STRING, "channel": ex.STRING}
    aggregate = {"visits": ex.INT, "last_by_category": ex.map_of(ex.STRING, ex.TIMESTAMP)}

    def record(attributes: dict[str, Any]) -> Any:
        return ex.Record({name: ex.Attribute(type_) for name, type_ in attributes.items()})

    return ex.Environment(
        {
            "profile": record(types),
            "context": record(context),
            "aggregate": record(aggregate),
            "now": ex.TIMESTAMP,
        },
        {"audience": ex.Lookup([f"a{number}" for number in range(200)])},
    )


def compare() -> tuple[dict[str, float], dict[str, float]]:
    """Prints every rule beside its handwritten twin; the times of both, in nanoseconds."""
    from offerd import expression as ex

    declared = environment()
    values = data(10**9)
    found: dict[str, float] = {}
    written: dict[str, float] = {}
    print(f"{'rule':<12} {'offerd ns':>10} {'by hand ns':>11} {'ratio':>6}")
    for name, (source, by_hand) in RULES.items():
        checked = ex.compile_expression(source, declared, expected=None)
        rule = ex.plan(checked, declared).evaluate
        arguments = (*values, {})
        assert rule(*arguments) == by_hand(*values), name
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(nanoseconds(rule, arguments, SLICE))
            theirs.append(nanoseconds(by_hand, values, SLICE))
        found[name], written[name] = min(ours), min(theirs)
        ratio = found[name] / written[name]
        print(f"{name:<12} {found[name]:>10.0f} {written[name]:>11.0f} {ratio:>6.2f}")
    return found, written


def typical(generator: random.Random) -> str:
    """A rule of one to five conditions, as marketers write them."""
    number = generator.randint
    conditions = [
        f"profile.tier == 't{number(0, 9)}'",
        f"profile.age >= {number(18, 60)}",
        f"profile.purchases.exists(p, p.category == 'c{number(0, 99)}')",
        f"now - profile.last_purchase > duration('{number(1, 999)}h')",
        f"context.country in ['SE', 'NO', 'C{number(0, 50)}']",
        f"audience('a{number(0, 99)}')",
        f"!audience('a{number(100, 199)}')",
        "has(profile.vip) && profile.vip",
        f"profile.points > {number(0, 1000)}",
        f"'t{number(0, 9)}' in profile.tags",
        f"'c{number(0, 9)}' in aggregate.last_by_category",
        f"profile.email.endsWith('@d{number(0, 20)}.se')",
        f"aggregate.visits > {number(0, 9)}",
    ]
    return " && ".join(generator.sample(conditions, number(1, 5)))


def load(count: int) -> float:
    """Prints how long decoding, planning and compiling so many rules takes; the CPU seconds."""
    from offerd import expression as ex

    declared = environment()
    generator = random.Random(1)
    stored = [ex.encode(ex.compile_expression(typical(generator), declared)) for _ in range(count)]
    rounds = []
    for _ in range(LOADS):
        gc.collect()
        start = time.process_time()
        decoded = [ex.decode(rule) for rule in stored]
        read = time.process_time()
        rules = ex.plan_many(decoded, declared)
        planned = time.process_time()
        ex.prepare(rules)
        compiled = time.process_time()
        rounds.append((compiled - start, read - start, planned - read, compiled - planned))
    shapes = len({rule.evaluate.__code__ for rule in rules})
    total, decoding, planning, compiling = min(rounds)
    print(f"\n{count} rules of {shapes} shapes, {sum(map(len, stored)) // count} bytes each")
    print(f"decode {decoding:.2f} s, plan {planning:.2f} s, compile {compiling:.2f} s")
    return total


def peer_function(peer: str, source: str) -> Callable[[dict[str, Any]], Any]:
    """One rule in another library, as a function of fresh data."""
    if peer == "cel-expr-python":
        from cel_expr_python import cel

        dynamic = dict.fromkeys(("profile", "context", "aggregate", "now"), cel.Type.DYN)
        expression = cel.NewEnv(variables=dynamic).compile(source)
        return lambda values: expression.eval(data=values).value()
    if peer == "cel-python":
        import celpy

        environment_ = celpy.Environment()
        program = environment_.program(environment_.compile(source))
        convert = celpy.json_to_cel
        return lambda values: program.evaluate({k: convert(v) for k, v in values.items()})
    import cel

    compiled: Callable[[dict[str, Any]], Any] = cel.compile(source).execute
    return compiled


def run_peer(peer: str) -> None:
    """In a process of its own: the nanoseconds of every rule, as JSON."""
    profile, context, aggregate, now = data(1)
    values = {"profile": profile, "context": context, "aggregate": aggregate, "now": now}
    found = {}
    for name, (source, by_hand) in RULES.items():
        text = source
        for duration, seconds in SECONDS.items():
            text = text.replace(duration, seconds)
        function = peer_function(peer, text)
        wanted = by_hand(*data(10**9))
        outcome = function(values)
        assert outcome == wanted, f"{name}: {outcome}"
        found[name] = min(nanoseconds(function, (values,), 50) for _ in range(20))
    print(json.dumps(found))


def compare_peers(ours: dict[str, float]) -> None:
    """Prints how many times longer other libraries take, each in its own environment."""
    print("\n" + " ".join(f"{name:>27}" for name in ("", *PACKAGES))[15:])
    results = {peer: peer_times(peer) for peer in PACKAGES}
    for name, nanoseconds_ in ours.items():
        cells = [
            f"{found[name]:>14.0f} ns {found[name] / nanoseconds_:>7.0f} x"
            for found in results.values()
        ]
        print(f"{name:<12} {' '.join(cells)}")


def peer_times(peer: str) -> dict[str, float]:
    """Installs another library below .run, unless it is there, and runs it."""
    folder = PEERS / peer
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        command = [str(python), "-m", "pip", "install", "-qq", PACKAGES[peer]]
        subprocess.run(command, check=True)
    command = [str(python), __file__, "--peer", peer]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """The command line: 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", help="compare with other libraries too")
    parser.add_argument("--peer", choices=PACKAGES, help=argparse.SUPPRESS)
    parser.add_argument("--rules", type=int, default=10_000, help="how many rules to load")
    parser.add_argument("--json", type=Path, help="write what was measured")
    arguments = parser.parse_args()
    if arguments.peer:
        run_peer(arguments.peer)
        return 0
    sys.path.insert(0, str(ROOT / "server"))
    ours, by_hand = compare()
    worst = max(cost / by_hand[name] for name, cost in ours.items())
    seconds = load(arguments.rules)
    print(
        f"\nworst ratio {worst:.2f} (goal {GOAL}), "
        f"load {seconds:.2f} s (goal {LOAD_GOAL} for 10,000)"
    )
    if arguments.json:
        found = {"offerd_ns": ours, "by_hand_ns": by_hand, "loading_s": seconds}
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    if arguments.peers:
        compare_peers(ours)
    return 1 if worst > GOAL or seconds > LOAD_GOAL else 0


if __name__ == "__main__":
    sys.exit(main())

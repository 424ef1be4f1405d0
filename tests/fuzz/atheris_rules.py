"""A harness for atheris, which looks for inputs that reach new code.

python tests/fuzz/atheris_rules.py -atheris_runs=1000000 -max_len=400 [CORPUS_FOLDER]

Needs `pip install atheris`; the folder of inputs is begun with the rules of mutation.py. Every
input is a byte that chooses what it is, and text or an encoded expression. `make fuzz` runs it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["offerd.expression"]):
    from fuzz.mutation import CORPUS, encoded_corpus
    from fuzz.target import exercise, exercise_bytes
    from offerd.expression import Checking

CHECKINGS = list(Checking)


def one_input(data: bytes) -> None:
    """What is done with an input."""
    if not data:
        return
    kind = data[0] % (len(CHECKINGS) + 1)
    if kind == len(CHECKINGS):
        exercise_bytes(data[1:])
    else:
        exercise(data[1:].decode("utf-8", "replace"), CHECKINGS[kind])


def main() -> None:
    """Fills the folder of inputs, if there is one, and starts."""
    for folder in (Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")):
        folder.mkdir(parents=True, exist_ok=True)
        for number, source in enumerate(CORPUS):
            (folder / f"rule{number}").write_bytes(bytes([number % 3]) + source.encode())
        for number, data in enumerate(encoded_corpus()):
            (folder / f"bytes{number}").write_bytes(bytes([len(CHECKINGS)]) + data)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""`python -m benchmarks NAME` measures one thing and prints a table; see benchmarks/README.md."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

# Each is a module here, with SUMMARY, add_arguments and run. The first few measure what one core
# does: the others run whole commands, which take the cores they want.
ON_ONE_CORE = ("step", "cues", "rendering", "matchers")
NAMES = (
    *ON_ONE_CORE,
    "whole",
    "live",
    "soak",
    "estimating",
    "evaluating",
    "startup",
    "identity",
    "ablation",
    "doubts",
    "relinking",
    "flows",
    "switches",
    "fusing",
    "settings",
    "refining",
    "camera",
    "marked",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, "readme"), help="readme: the table, from results/")
    name = parser.parse_args(sys.argv[1:2]).name
    if name in ON_ONE_CORE:
        # Read by the libraries when they are loaded, therefore before anything imports NumPy.
        os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    if name == "readme":
        from .report import write_readme

        write_readme(NAMES)
        return 0
    module = importlib.import_module(f".{name}", __package__)
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}", description=module.__doc__
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    module.add_arguments(parser)
    given = vars(parser.parse_args(sys.argv[2:]))
    file = given.pop("json")
    if name in ON_ONE_CORE:
        from .measure import pin

        pin()
    from .report import as_json, load_average, table

    load = load_average()
    outcome = module.run(**given)
    print(outcome.text, table(outcome.figures), sep="\n" if outcome.text else "")
    if file is not None:
        file.write_text(as_json(name, given, outcome, load), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The `poseflow` command: words from the user to one function call each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import PoseflowError
from . import convert, demo, estimate, evaluate, live, posetrack, render, track

VERBS = (track, live, estimate, render, convert, evaluate, posetrack, demo)

EXAMPLES = """\
examples:
  poseflow track match.mp4 --poses alphapose-results.json --out results/
  poseflow track --poses alphapose-results.json --out tracked.json
  poseflow live match.mp4 --poses alphapose-results.json --serve 8000
  poseflow render match.mp4 tracked.json --out tracked.mp4
  poseflow convert openpose-folder/ poses.csv
  poseflow evaluate --truth annotations/val/ --predictions val-predict/ --out report/
  poseflow demo

poseflow VERB --help explains every parameter.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 = done, 2 = the user can mend it and was told how, 130 = interrupted."""
    parser = argparse.ArgumentParser(
        prog="poseflow",
        description="Who is who, in every frame, from any pose estimator's output.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"poseflow {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        name = verb.__name__.rpartition(".")[2]
        one = verbs.add_parser(name, help=verb.SUMMARY, description=verb.__doc__)
        one.set_defaults(run=verb.run)
        verb.add_arguments(one)
    given = vars(parser.parse_args(arguments))
    run = given.pop("run")
    try:
        run(**given)
    except PoseflowError as error:
        print(f"poseflow: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("poseflow: interrupted; nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing is wrong.
        sys.stderr.close()
    return 0

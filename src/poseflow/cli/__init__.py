"""The `poseflow` command: words from the user to one function call each."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType, ModuleType
from typing import NoReturn

from .. import __version__
from ..errors import PoseflowError

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


class _Ended(KeyboardInterrupt):
    """The system wishes that we end: a time limit, a closed terminal."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one sentence, not after a screenful of options."""

    def error(self, message: str) -> NoReturn:
        """End with the sentence."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 = done, 2 = the user can mend it and was told how, 130 = interrupted; 128 + the number of
        a signal that ended it.
    """
    try:
        with _told_to_end():
            _run(arguments)
            if sys.stdout is not None:
                sys.stdout.flush()
    except PoseflowError as error:
        print(f"poseflow: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as told:
        # The terminal may be gone.
        with suppress(OSError):
            print("poseflow: interrupted; nothing was written", file=sys.stderr)
        return 128 + (told.number if isinstance(told, _Ended) else signal.SIGINT)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing is wrong.
        _print_nothing_more()
    except OSError as error:
        # Files are told of where they are read and written: this was said, not written.
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
            raise
        _print_nothing_more()
        print(f"poseflow: standard output: cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _run(arguments: Sequence[str] | None) -> None:
    """Do what the arguments say."""
    parser = _Parser(
        prog="poseflow",
        description="Who is who, in every frame, from any pose estimator's output.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"poseflow {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in _verbs():
        name = verb.__name__.rpartition(".")[2]
        one = verbs.add_parser(name, help=verb.SUMMARY, description=verb.__doc__)
        one.set_defaults(run=verb.run)
        verb.add_arguments(one)
    given = vars(parser.parse_args(arguments))
    run = given.pop("run")
    run(**given)


def _verbs() -> tuple[ModuleType, ...]:
    # Here, where an interrupt is an answer and not a traceback out of whatever they load.
    from . import convert, demo, estimate, evaluate, live, posetrack, render, track

    return track, live, estimate, render, convert, evaluate, posetrack, demo


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Clean up when the system wishes that we end, as after Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Who ignores one (nohup) goes on doing so, and who has plans of their own has them.
    kinds = [kind for kind in kinds if signal.getsignal(kind) is signal.SIG_DFL]

    def end(number: int, frame: FrameType | None) -> NoReturn:
        # Once is enough: a closed terminal says it several times, and would interrupt cleaning up.
        for kind in kinds:
            signal.signal(kind, signal.SIG_IGN)
        raise _Ended(number)

    for kind in kinds:
        signal.signal(kind, end)
    try:
        yield
    finally:
        for kind in kinds:
            signal.signal(kind, signal.SIG_DFL)


def _print_nothing_more() -> None:
    """What could not be printed is not tried again when Python ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)

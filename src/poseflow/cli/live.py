"""Track people while they are filmed: a camera, a stream, or a video that plays at its own rate.

Always the newest frame: what comes while another is being worked on is dropped, so that the
answer is never later than one frame's work. Ctrl-C ends it; all files are whole then.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import words
from .estimate import OPTIONS, add_estimator, make_estimator
from .settings import add_settings, make_setting
from .track import refuse

if TYPE_CHECKING:
    from ..formats.scales import ScoreScale
    from ..live import Counts, Grabbed, Latencies, Moment, Sink, Source
    from ..poses import Poses, Sequence
    from ..skeletons import Skeleton

SUMMARY = "ids while it plays: a camera, a stream, or a video"

_IN_A_FOLDER = ("tracked.json", "tracked.jsonl", "tracked.mp4")

_IMPATIENCE = 2.0
"""Seconds after which one more Ctrl-C is another: some that start programs pass it on twice."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `live` takes."""
    parser.add_argument(
        "source",
        metavar="CAMERA_OR_URL_OR_VIDEO",
        help="a camera's number (0 = the first), an address such as rtsp://HOST/PATH or "
        "http://HOST/PATH, or a video file, which plays at its own rate as a camera would",
    )
    parser.add_argument(
        "--poses",
        type=Path,
        metavar="FILE_OR_FOLDER",
        help="with a video: its poses, of any format; without it, they are estimated",
    )
    parser.add_argument("--loop", action="store_true", help="begin a video again at its end")
    _add_showing(parser)
    group = parser.add_argument_group("keeping up")
    group.add_argument(
        "--max-delay",
        type=float,
        default=words.NOT_GIVEN,
        metavar="SECONDS",
        help="a frame older than this when its turn comes is dropped "
        f"({words.default_of(run, 'max_delay'):g})",
    )
    group.add_argument(
        "--reconnect",
        type=int,
        metavar="TRIES",
        help="how often in a row a camera or stream that failed is opened again, after 1, 2, 4 … "
        "and at most 30 seconds; 0 = never. Without it: until it is back, but one that never gave "
        "a frame is an error at once",
    )
    group.add_argument(
        "--matcher",
        choices=("dis", "lk", "none"),
        default=words.NOT_GIVEN,
        help="what finds correspondences between neighbouring frames: dis: optical flow; lk: "
        "sparse flow, there and back; none: images are not compared, which saves "
        f"milliseconds a frame and loses more ids in motion ({words.default_of(run, 'matcher')})",
    )
    group.add_argument(
        "--setting",
        choices=sorted(_settings()),
        default=words.NOT_GIVEN,
        help="which rule gives ids (default)",
    )
    group.add_argument(
        "--people",
        type=int,
        default=words.NOT_GIVEN,
        metavar="COUNT",
        help="how many there are, which is known: never more ids than that; nobody is forgotten, "
        "and when all have ids somebody new is whoever was lost, the nearest first",
    )
    words.add_reading(parser)
    add_estimator(parser)
    add_settings(parser, _settings())


def _add_showing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "where it shows; without any of these, in a window, or where there is none on a page"
    )
    group.add_argument(
        "--out",
        type=words.output,
        metavar="FILE_OR_FOLDER",
        help="ending in .json (poses with ids), .jsonl (the lines of --json), .mp4 or .webm (what "
        f"is seen, drawn): that file; else a folder that gets {', '.join(_IN_A_FOLDER)}. They "
        "appear, whole, when it ends",
    )
    group.add_argument(
        "--json",
        action="append",
        metavar="WHERE",
        help="a line of JSON for every frame: - = to the standard output; tcp://HOST:PORT or "
        "unix:///PATH = to every program that connects there. Who reads slowly loses lines. May "
        "be given several times",
    )
    group.add_argument(
        "--serve",
        metavar="PORT",
        help="a page for browsers on this machine; HOST:PORT, such as 0.0.0.0:8000, = for others",
    )
    group.add_argument("--window", action="store_true", help="a window as well; q closes it")
    group.add_argument(
        "--smooth",
        action="store_true",
        help="keypoints without their trembling: those at rest are calmer, those that move fast "
        "come hardly later (1 € filter, 2 Hz at rest). Ids stay as they are",
    )
    group.add_argument(
        "--quiet", action="store_true", help="print errors, and where a page is, only"
    )


def _settings() -> dict[str, Any]:
    """The settings whose ids are there at once."""
    from ..tracking import SETTINGS, paper

    return {name: rule for name, rule in SETTINGS.items() if rule is not paper}


def run(
    source: str,
    poses: Path | None,
    loop: bool = False,
    out: Path | None = None,
    json: list[str] | None = None,
    serve: str | None = None,
    window: bool = False,
    smooth: bool = False,
    quiet: bool = False,
    reconnect: int | None = None,
    matcher: str = "dis",
    setting: str = "default",
    max_delay: float = 1.0,
    format: str | None = None,
    skeleton: str | None = None,
    score_scale: ScoreScale | None = None,
    image_list: Path | None = None,
    **parameters: Any,
) -> None:
    """Grab, estimate, track and show until the source ends or somebody says so."""
    from ..appearance import colours
    from ..correspondence import MATCHERS
    from ..live import Counts, grab, open_source, play
    from ..offline.one_euro import OneEuro
    from ..render import Renderer
    from ..tracking import Tracker, default

    if reconnect is not None and reconnect < 0:
        raise InputError(f"--reconnect: expected 0 or more tries, got {reconnect}")
    if not max_delay > 0:
        raise InputError(f"--max-delay: expected more than 0 seconds, got {max_delay:g}")
    if out is not None:
        words.refuse_overwriting(out, Path(source), poses)
    opened = open_source(source, loop=loop)
    estimator = {name: parameters.pop(name) for name in OPTIONS if name in parameters}
    rule: Any = make_setting(setting, parameters)
    if poses is None:
        refuse("with --poses", {"format": format, "score_scale": score_scale})
        kind, estimate = _estimated(skeleton, estimator, opened)
    else:
        refuse("without --poses", estimator)
        sequence = words.read_poses(poses, format, skeleton, score_scale, image_list)
        kind, estimate = sequence.skeleton, _looked_up(sequence, opened)
    rate = {} if opened.fps is None else {"fps": opened.fps}
    tracker = Tracker(
        kind,
        rule,
        **rate,
        matcher=None if matcher == "none" else MATCHERS[matcher](),
        appearance=colours(kind) if isinstance(rule, default) else None,
    )
    smoother = OneEuro() if smooth else None
    # Else loaded when people first meet: half a second in which nobody is followed.
    importlib.import_module("scipy.optimize")
    counts, stop = Counts(), threading.Event()
    failure = None
    with ExitStack() as stack:
        ending = stack.enter_context(_Ending(stop))
        sinks = _sinks(stack, counts, stop, out, json, serve, window)
        if sys.stderr.isatty() and not quiet:
            sinks.append(_Status(counts))
        try:
            with grab(opened, counts, stop, tries=reconnect, failed=_tell) as frames:
                play(frames, estimate, tracker, sinks, Renderer(kind), counts,
                     max_delay=max_delay, smoother=smoother)  # fmt: skip
        except KeyboardInterrupt:
            pass  # Out of the work on a frame: what was seen until then is finished all the same.
        except Exception as error:
            if not counts.tracked:
                raise
            # What was seen until then is worth keeping, whatever it is that ends it.
            failure = error
        finally:
            ending.finishing = True
    if not quiet:
        words.note(describe(counts, out))
    if failure is not None:
        raise failure


def _estimated(
    skeleton: str | None, typed: dict[str, Any], source: Source
) -> tuple[Skeleton, Callable[[Grabbed], Poses]]:
    """What the keypoints of an estimator are, and its poses of a frame."""
    from ..estimation import poses_in

    estimator = make_estimator(skeleton, **typed)
    return estimator.skeleton, lambda frame: poses_in(
        estimator, frame.image, f"{source.name}: frame {frame.index}"
    )


def _looked_up(sequence: Sequence, source: Source) -> Callable[[Grabbed], Poses]:
    """The poses of a frame from a file, round by round of the video."""
    from ..live import Recording
    from ..pipeline import on_video

    if not isinstance(source, Recording):
        raise InputError(f"--poses: expected with a video file, got {source.name}")
    placed = on_video(sequence, source.video, words.note).frames
    return lambda frame: placed[frame.index % len(placed)]


def _sinks(
    stack: ExitStack,
    counts: Counts,
    stop: threading.Event,
    out: Path | None,
    json: list[str] | None,
    serve: str | None,
    window: bool,
) -> list[Sink]:
    """Everyone who looks on; lines come before pictures, which have to be drawn first."""
    from .. import live
    from ..files import whole_folder

    sinks: list[AbstractContextManager[Sink]] = []
    for place in json or ():
        if place != "-":
            sinks.append(live.lines_to_socket(place, counts))
        elif json is not None and json.count("-") > 1:
            raise InputError("--json: expected - once, got it twice")
        elif sys.stdout is None:
            raise InputError("--json -: the standard output is closed")
        else:
            sinks.append(live.lines_to_descriptor(sys.stdout.fileno(), counts, stop))
    if out is not None:
        files = [out]
        if not out.suffix or out.is_dir():
            files = [stack.enter_context(whole_folder(out)) / name for name in _IN_A_FOLDER]
        sinks += [live.record(file, counts) for file in files]
    if serve is not None:
        host, _, port = serve.rpartition(":")
        if not port.isdecimal():
            raise InputError(f"--serve: expected PORT or HOST:PORT, got {serve!r}")
        sinks.append(live.serve(host.strip("[]") or "127.0.0.1", int(port), _look_at))
    if window:
        sinks.append(live.open_window("poseflow live", stop))
    elif not sinks:
        sinks.append(live.open_window_or_page("poseflow live", stop, _look_at))
    return [stack.enter_context(sink) for sink in sinks]


def _look_at(page: str) -> None:
    words.note(f"look at {page}")


def _tell(sentence: str, pause: float) -> None:
    _clear()
    words.note(f"{sentence}; next try in {pause:g} s")


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)


class _Ending:
    """What Ctrl-C, a signal to terminate and the end of the terminal do inside the block.

    The first sets `stop`. The second says what is being waited for. A third, while a frame is being
    worked on, raises KeyboardInterrupt; files are finished whatever comes.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._told: list[float] = []
        self._before: dict[signal.Signals, Any] = {}
        self.finishing = False

    def __enter__(self) -> _Ending:
        names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        kinds = [signal.Signals[name] for name in names]
        # Under nohup it is ignored, and is to be.
        kept = [k for k in kinds if k.name != "SIGHUP" or signal.getsignal(k) != signal.SIG_IGN]
        self._before = {kind: signal.signal(kind, self._handle) for kind in kept}
        return self

    def __exit__(self, *failure: object) -> None:
        for kind, handler in self._before.items():
            signal.signal(kind, handler)
        _clear()

    def _handle(self, number: int, frame: object) -> None:
        now = time.monotonic()
        if self._told and now - self._told[-1] < _IMPATIENCE:
            return
        self._told.append(now)
        self._stop.set()
        if len(self._told) == 1:
            return
        if len(self._told) > 2 and not self.finishing:
            raise KeyboardInterrupt
        what = "files are being finished" if self.finishing else "the last frame is in work"
        # Not by sys.stderr, in which the main thread may be at this moment.
        with suppress(OSError):
            os.write(2, f"poseflow: {what}, a moment more\n".encode())


class _Status:
    """A sink that is a line on the terminal, once a second, about that second."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._begin()

    def _begin(self) -> None:
        from ..live import Latencies

        self._since, self._latencies = time.monotonic(), Latencies()
        self._grabbed, self._tracked = self._counts.grabbed, self._counts.tracked

    def __call__(self, moment: Moment) -> None:
        self._latencies.add(moment.latency)
        seconds, counts = time.monotonic() - self._since, self._counts
        if seconds >= 1.0:
            told = (
                f"{(counts.grabbed - self._grabbed) / seconds:.1f} frames a second come, "
                f"{(counts.tracked - self._tracked) / seconds:.1f} tracked, "
                f"{counts.overtaken + counts.late} dropped so far; latency "
                f"{_percentiles(self._latencies)}; {len(moment.poses)} people"
            )
            print(f"\r{told}\033[K", end="", file=sys.stderr, flush=True)
            self._begin()


def _percentiles(latencies: Latencies) -> str:
    p50, p95 = (f"{1e3 * latencies.quantile(share):.0f} ms" for share in (0.5, 0.95))
    return f"{p50} (p50), {p95} (p95)"


def describe(counts: Counts, out: Path | None) -> str:
    """What the run was, in a few words."""
    told = (
        f"{words.counted(counts.people, 'person', 'people')}; "
        f"{words.counted(counts.grabbed, 'frame')} came, {counts.tracked} tracked, "
        f"{counts.overtaken} overtaken by newer ones, {counts.late} too late"
    )
    if counts.reconnects:
        told += (
            f"; the source failed {words.counted(counts.reconnects, 'time')} and was called again"
        )
    if counts.unfilmed:
        unfilmed = words.counted(counts.unfilmed, "picture")
        told += f"; {unfilmed} not in the film, whose encoder had no time"
    if counts.tracked:
        told += f"; latency {_percentiles(counts.latencies)}"
    return told + (f"; written: {out}" if out is not None else "")

"""Give every pose the id of its person through a video.

Without --poses they are estimated first (see `poseflow estimate`). With images, correspondences
between neighbouring frames help; without, poses alone are used.
Online: the ids of a frame depend on it and on earlier frames only, and with --setting paper on
--window later ones.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import words
from .cues import add_cues, make_appearance
from .estimate import OPTIONS, add_estimator, make_estimator
from .refining import OPTIONS as REFINING
from .refining import add_refining, refined
from .settings import add_settings, make_setting

if TYPE_CHECKING:
    from ..formats.scales import ScoreScale
    from ..frames import Frame
    from ..pipeline import Recorder, Shown
    from ..poses import Appearance, Sequence
    from ..summary import Summary
    from ..tracking import Rule, paper
    from ..video import Video

SUMMARY = "poses without ids in, the same poses with ids out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `track` takes."""
    from ..tracking import SETTINGS, Tracker

    parser.add_argument(
        "images",
        nargs="?",
        type=Path,
        metavar="VIDEO_OR_IMAGE_FOLDER",
        help="the images the poses were, or are to be, estimated on; without them, poses alone are "
        "used",
    )
    parser.add_argument(
        "--poses",
        type=Path,
        metavar="FILE_OR_FOLDER",
        help="poses, of any format; without it, they are estimated",
    )
    parser.add_argument(
        "--out",
        type=words.output,
        required=True,
        metavar="RESULTS",
        help="ending in .json, .csv or .parquet: that one file; else a folder that gets "
        "tracked.json, tracks.csv, summary.json and, with images, tracked.mp4",
    )
    parser.add_argument(
        "--to",
        metavar="FORMAT",
        help="format of the tracked poses (names as for --format); without it, the input's own",
    )
    parser.add_argument(
        "--setting",
        choices=sorted(SETTINGS),
        default=words.NOT_GIVEN,
        help="default: ours, taken without this option; published: the rule of the public "
        "2018 code, its crashes mended; detect-and-track: overlap of boxes with the frame before "
        "and no memory, to compare with; paper: pose flows, which also fuse duplicates and fill in "
        "people missed, so that poses change, and are final --window frames late",
    )
    parser.add_argument(
        "--fps",
        type=float,
        metavar="FRAMES",
        help="a second, where no video tells them: times in seconds go by it "
        f"({words.default_of(Tracker, 'fps'):g})",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    words.add_reading(parser)
    add_estimator(parser)
    add_cues(parser)
    _add_whole_clip(parser)
    add_refining(parser)
    add_settings(parser, SETTINGS)


def _add_whole_clip(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "the whole clip", "after tracking; ids of a frame then depend on later frames, too"
    )
    group.add_argument(
        "--relink",
        action="store_true",
        help="track the clip backwards as well and link what both directions agree on, all at "
        "once: fewer switches, and people who come back keep their id. Changes ids only",
    )
    group.add_argument(
        "--people",
        type=int,
        metavar="COUNT",
        help="how many there are, which is known: relinks, with at most so many ids in all, each "
        "kept through gaps of any length; poses of nobody among them get none",
    )


def run(
    images: Path | None,
    out: Path,
    poses: Path | None = None,
    to: str | None = None,
    setting: str = "default",
    quiet: bool = False,
    matcher: str | None = None,
    correspondences: Path | None = None,
    write_correspondences: Path | None = None,
    appearance: str | None = None,
    reid_model: Path | None = None,
    relink: bool = False,
    people: int | None = None,
    fps: float | None = None,
    format: str | None = None,
    skeleton: str | None = None,
    score_scale: ScoreScale | None = None,
    image_list: Path | None = None,
    **parameters: Any,
) -> None:
    """Read, track, write, and say what came out."""
    from .. import results
    from ..files import whole_folder
    from ..formats.clips import refuse_several
    from ..pipeline import with_images
    from ..summary import summarise
    from ..tracking import default, paper
    from ..video import open_video

    words.refuse_overwriting(out, images, poses)
    one_file = results.is_one_file(out, to)
    if images is None and (matcher not in (None, "none") or write_correspondences):
        raise InputError("--matcher and --write-correspondences: expected a video or image folder")
    if images is None and (appearance not in (None, "none") or reid_model):
        raise InputError("--appearance and --reid-model: expected a video or image folder")
    if people is not None and people < 1:
        raise InputError(f"--people: expected 1 or more, got {people}")
    estimator = {name: parameters.pop(name) for name in OPTIONS if name in parameters}
    refining = {name: parameters.pop(name) for name in REFINING if name in parameters}
    rule = make_setting(setting, parameters)
    video = None if images is None else open_video(images)
    in_colour = isinstance(rule, default) and appearance != "none"
    frames = None
    if poses is not None:
        refuse("without --poses", estimator)
        sequence = words.read_poses(poses, format, skeleton, score_scale, image_list)
        refuse_several(sequence)
    else:
        refuse(
            "with --poses", {"format": format, "score_scale": score_scale, "image_list": image_list}
        )
        sequence, frames = _estimated(video, skeleton, estimator, in_colour)
    if fps is None:
        fps = frame_rate(sequence, video)
    # What cannot be is said before the work and not after it.
    refined(dataclasses.replace(sequence, frames=(), image_names=(), times=None), fps, **refining)
    both_ways = relink or people is not None
    with ExitStack() as stack:
        # Appears after the results: not without them, if they cannot be written.
        recorded = None
        if write_correspondences is not None:
            recorded = stack.enter_context(whole_folder(write_correspondences))
        folder = None if one_file else stack.enter_context(whole_folder(out))
        film = None if folder is None or video is None else folder / "tracked.mp4"
        # Ids that later frames may change are drawn when all are known.
        at_once = film if not (both_ways or refining or isinstance(rule, paper)) else None
        tracked, seconds = track_poses(
            sequence,
            video,
            rule,
            matcher,
            correspondences,
            recorded,
            None if images is None else make_appearance(sequence.skeleton, appearance, reid_model),
            both_ways=both_ways,
            people=people,
            fps=fps,
            frames=frames,
            film=at_once,
        )
        tracked = refined(tracked, fps, **refining)
        summary = summarise(tracked)
        if folder is None:
            results.save_file(out, tracked, to)
        else:
            results.save_folder(folder, tracked, summary, to=to)
        if video is not None and film is not None and at_once is None:
            shown = words.progress(with_images(video, tracked.frames), len(tracked), "drawing ")
            results.save_video(film, video, tracked.skeleton, shown)
    if not summary.people:
        _note_nobody(tracked, rule)
    if not quiet:
        print(describe(summary, seconds, out))


def refuse(when: str, options: dict[str, Any]) -> None:
    """Refuse options that have no meaning here.

    Raises:
        InputError: one of them was typed.
    """
    for name, value in options.items():
        if value is not None:
            raise InputError(f"--{name.replace('_', '-')}: expected {when}")


def frame_rate(sequence: Sequence, video: Video | None) -> float | None:
    """Frames a second, as the video tells, else the times in the poses' file; None = neither."""
    if video is not None and video.fps is not None:
        return video.fps
    times = sequence.times
    if times is None or len(times) < 2 or not times[-1] > times[0]:
        return None
    return float((len(times) - 1) / (times[-1] - times[0]))


def _estimated(
    video: Video | None, skeleton: str | None, typed: dict[str, Any], share: bool
) -> tuple[Sequence, Iterator[Frame] | None]:
    """The poses of the video, estimated while they are tracked, and its frames if shared."""
    from ..estimation import estimate
    from ..threads import shared
    from ..video import read_frames

    if video is None:
        raise InputError("track: expected --poses, or a video to estimate them on")
    estimator = make_estimator(skeleton, **typed)
    if not share:
        return estimate(video, estimator), None
    seen, tracked = shared(read_frames(video, color=True), 2)
    return estimate(video, estimator, seen), tracked


def track_poses(
    sequence: Sequence,
    video: Video | None,
    rule: Rule | paper,
    matcher: str | None = None,
    read_from: Path | None = None,
    write_to: Path | None = None,
    appearance: Appearance | None = None,
    both_ways: bool = False,
    people: int | None = None,
    fps: float | None = None,
    frames: Iterator[Frame] | None = None,
    film: Path | None = None,
) -> tuple[Sequence, float]:
    """The clip with ids, and the seconds it took.

    Args (those that the options do not tell):
        write_to: a folder that is there.
        frames: of the video, in colour if there is an appearance; None = they are read here.
        film: drawn as ids become known; None = none is.
    """
    from .. import results
    from ..correspondence import MATCHERS
    from ..pipeline import correspondences_from, correspondences_to, on_video, track, with_images
    from ..relinking import Remembered, counted, relink
    from ..tracking import Tracker, default, paper, tracker_for
    from ..video import read_frames

    chosen = "dis" if matcher is None else matcher
    looking = video is not None and chosen != "none" and read_from is None
    # Only our own rule asks what people look like.
    appearance = appearance if isinstance(rule, default) else None
    remembered = Remembered() if both_ways else None
    if remembered is not None and appearance is not None:
        appearance = remembered.looking(appearance)
    matching = MATCHERS[chosen]() if looking else None
    there = rule if people is None or isinstance(rule, paper) else counted(rule)
    tracker = tracker_for(sequence.skeleton, there, matching, appearance, fps)
    if video is not None:
        sequence = on_video(sequence, video, words.note)
        words.note_damage(video)
    find = None if read_from is None else correspondences_from(read_from, sequence)
    # Poses alone, and correspondences of others, do not need the images at all.
    in_colour = appearance is not None
    if frames is None and video is not None:
        frames = read_frames(video, color=in_colour)
    start = time.perf_counter()

    def draw(shown: Iterator[Shown]) -> None:
        if video is None or film is None:
            return
        if not in_colour:
            shown = with_images(video, (poses for _, poses in shown))
        results.save_video(film, video, sequence.skeleton, shown)

    def run(*recorders: Recorder) -> Sequence:
        return track(
            sequence,
            tracker,
            frames,
            find,
            recorders if remembered is None else (*recorders, remembered),
            watch=lambda poses: words.progress(poses, len(sequence), "tracking"),
            show=None if film is None else draw,
        )

    tracked = run(*[correspondences_to(write_to, chosen)] if write_to is not None else [])
    if remembered is not None:
        tracked = relink(
            tracked,
            Tracker(
                sequence.skeleton, default() if isinstance(rule, paper) else rule, fps=tracker.fps
            ),
            remembered,
            people,
            watch=lambda poses: words.progress(poses, len(sequence), "and back"),
        )
    return tracked, time.perf_counter() - start


def _note_nobody(tracked: Sequence, rule: Rule | paper) -> None:
    """Say so if nobody got an id because no pose is sure enough: the scale may be another."""
    from ..tracking import default, detect_and_track

    if isinstance(rule, default):
        option, least = "birth", rule.birth
    elif isinstance(rule, detect_and_track):
        option, least = "confident", rule.confident
    else:
        return
    best = max((float(p.scores.max(initial=-1.0)) for p in tracked.frames), default=-1.0)
    if 0 <= best < least:
        keypoints, poses = tracked.score_scales
        words.note(
            f"nobody got an id: the best pose score is {best:.3g}, --{option} is {least:g}; scores "
            f"were divided by {keypoints:g} (keypoints) and {poses:g} (poses), which --score-scale "
            "changes"
        )


def describe(summary: Summary, seconds: float, out: Path, most: int = 20, few: int = 5) -> str:
    """A screenful: how many people, when each was seen, how fast it went."""
    lines = [
        f"{words.counted(len(summary.people), 'person', 'people')} in "
        f"{words.counted(summary.frames, 'frame')}, {words.counted(summary.poses, 'pose')}, "
        f"{summary.without_id} of them without id (seen twice, or never sure)"
        f"{words.speed(summary.frames, seconds)}",
    ]
    made = {
        "by fusing several of one person": summary.fused,
        "by carrying over a person whom the estimator missed": summary.propagated,
        "between two frames in which the person was seen": summary.filled,
    }
    if any(made.values()):
        said = ", ".join(f"{count} {how}" for how, count in made.items() if count)
        lines.append(f"poses made anew: {said}")
    if summary.people:
        lines.append(
            f"{'id':>5} {'frames':>7} {'first':>7} {'last':>7} {'gaps':>5} {'longest':>8}"
            + (f" {'filled':>7}" if summary.filled else "")
        )
    for person in summary.people[:most]:
        lines.append(
            f"{person.track_id:>5} {person.frames:>7} {person.first:>7} {person.last:>7} "
            f"{person.gaps:>5} {person.longest_gap:>8}"
            + (f" {person.filled:>7}" if summary.filled else "")
        )
    if len(summary.people) > most:
        lines.append(f"      and {len(summary.people) - most} more")
    looks = summary.where_to_look[:few]
    if looks:
        who = [f"{m.track_id} or {m.rival_id}" if m.rival_id else f"{m.track_id}" for m in looks]
        said = ", ".join(f"{m.frame} (id {ids})" for m, ids in zip(looks, who, strict=True))
        lines.append(f"look first at frames {said}")
    return "\n".join([*lines, f"written: {out}"])

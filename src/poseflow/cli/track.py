"""Give every pose the id of its person through a video.

Without --poses they are estimated first (see `poseflow estimate`). With images, correspondences
between neighbouring frames help; without, poses alone are used.
Online: the ids of a frame depend on it and on earlier frames only.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import words
from .estimate import OPTIONS, add_estimator, make_estimator
from .refining import OPTIONS as REFINING
from .refining import add_refining, refined

if TYPE_CHECKING:
    from ..pipeline import Recorder
    from ..poses import Appearance, Sequence
    from ..skeletons import Skeleton
    from ..summary import Summary
    from ..tracking import Rule, paper
    from ..video import Video

SUMMARY = "poses without ids in, the same poses with ids out"

# Of each parameter of a rule: what it is counted in, and what it does to the result.
PARAMETERS = {
    "memory": (
        "FRAMES",
        "how long a person is remembered unseen. Longer: ids survive longer occlusions, and a "
        "newcomer is likelier to get an id that was another's",
    ),
    "sure": (
        "SCORE",
        "from this pose score (0 to 1) on, a pose is matched first; weaker ones only continue "
        "people who are left over. Lower: weak poses win ids more often",
    ),
    "birth": ("SCORE", "a pose with this score (0 to 1) starts a new id at once"),
    "trial": (
        "SCORE",
        "a weaker pose needs this score (0 to 1) to start an id by going on. Lower: people whom "
        "the estimator hardly sees get ids, and so do lamp posts",
    ),
    "persist": (
        "FRAMES",
        "in a row after which such a pose starts a new id. More: fewer false people; "
        "people whom the estimator is never sure of get their id later",
    ),
    "similar": (
        "SHARE",
        "what a sure pose's similarity with a person (0 to 1) must exceed to be that person. "
        "Higher: ids break more often, and are handed to others less often",
    ),
    "similar-weak": ("SHARE", "the same for a weak pose"),
    "duplicate": (
        "SHARE",
        "two poses of one frame with a keypoint similarity (0 to 1) above this are one person "
        "seen twice; the weaker gets no id. 1 = keep all",
    ),
    "keypoint-share": (
        "SHARE",
        "what keypoints count in the similarity (0 to 1); boxes count the rest",
    ),
    "softness": (
        "FACTOR",
        "on the keypoints' OKS falloffs. Larger: forgives faster motion and noisier poses, and "
        "tells close people apart less well",
    ),
    "growth": (
        "SHARE",
        "by which the falloffs grow with each frame a person was not seen",
    ),
    "staleness": (
        "SHARE",
        "of similarity that a person unseen for 30 frames or more loses. Higher: those in view "
        "win against those remembered",
    ),
    "covering": (
        "SHARE",
        "of overlap of boxes (IoU, 0 to 1) with somebody who goes on, above which a new pose gets "
        "an id only after --persist frames: it may be that person seen twice",
    ),
    "looks": (
        "SHARE",
        "what appearance adds to the similarity of people who were lost, for each 1 of likeness. "
        "0 = only who is new is compared with who was lost",
    ),
    "alike": ("SHARE", "likeness (a cosine, 0 to 1) that speaks neither for nor against"),
    "recognised": (
        "SHARE",
        "likeness (0 to 1) above which somebody new is somebody who was lost nearby. Higher: "
        "people come back as others more often. 1 = never",
    ),
    "nearby": (
        "SIZES",
        "of a person (the root of the box's area), how far away that may be after 30 frames",
    ),
    "damping": (
        "FACTOR",
        "what is left of a person's velocity after each unseen frame (0 to 1)",
    ),
    "link": ("FRAMES", "a pose continues a person seen at most so many frames back"),
    "joints": ("COUNT", "how many keypoints, the best overlapping, are averaged (num in 2018)"),
    "reach": ("PIXELS", "half the side of the square around a keypoint (mag in 2018)"),
    "match": (
        "GRADE",
        "a pair is taken if its grade, 0 to 6, exceeds this. Higher: ids break more often",
    ),
    "window": (
        "FRAMES",
        "that a frame waits before it is final, while flows are compared. More: duplicates and "
        "pieces of a person are told more surely; answers come later (L)",
    ),
    "candidate": (
        "POINTS",
        "shared points, summed over the joints, from which a pose may follow another (epsilon). "
        "Higher: flows jump less and break more",
    ),
    "ahead": ("FRAMES", "in which a step of a flow must pay off (r)"),
    "gain": (
        "SHARE",
        "of its own mean confidence that a flow must find in the frames ahead, or it ends "
        "(gamma). Higher: flows break sooner",
    ),
    "square": ("SHARE", "of a person's size, the side of the square around a joint"),
    "distance": (
        "DISTANCE",
        "up to which two flows are one person and are fused. Larger: fewer people twice, more "
        "people taken for one",
    ),
    "closeness": (
        "EXPONENT",
        "how much a pose that shares fewer points than another counts less. 0 = not at all, as "
        "in the paper: flows go to whoever is surest",
    ),
    "fading": (
        "FACTOR",
        "on the scores of a person carried over to a frame in which the estimator missed them, "
        "each frame",
    ),
    "patience": (
        "FRAMES",
        "in a row in which a person missed is carried over; 0 = nobody is. More: longer gaps are "
        "filled, with poses that are worse",
    ),
    "believed": ("SCORE", "mean confidence (0 to 3) that a flow needs to get an id"),
    "least": ("FRAMES", "in which a person must have been seen to get an id"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `track` takes."""
    from ..tracking import SETTINGS

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
        type=Path,
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
        "2018 code, its crashes mended; paper: pose flows, which also fuse duplicates and fill in "
        "people missed, so that poses change, and are final --window frames late",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    words.add_reading(parser)
    add_estimator(parser)
    _add_matching(parser)
    _add_whole_clip(parser)
    add_refining(parser)
    add_settings(parser, SETTINGS)


def _add_matching(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("image cues")
    source = group.add_mutually_exclusive_group()
    source.add_argument(
        "--matcher",
        choices=("dis", "lk", "orb", "orb-exact", "deepmatching", "none"),
        default=words.NOT_GIVEN,
        help="what finds correspondences between neighbouring frames. dis: dense optical flow "
        "(what is used without this option); lk: sparse Lucas-Kanade flow, faster with few "
        "people; orb: the 2018 choice, slow; orb-exact: the same features matched exactly; "
        "deepmatching: dense, for large motion, a quarter of a second a frame; "
        "none: images are not compared",
    )
    source.add_argument(
        "--correspondences",
        type=Path,
        metavar="FOLDER",
        help="read them from text files of the 2018 scripts instead (A_B_orb.txt, A_B.txt)",
    )
    look = group.add_mutually_exclusive_group()
    look.add_argument(
        "--appearance",
        choices=("colour", "none"),
        default=words.NOT_GIVEN,
        help="what tells people apart who were out of sight. colour: what they wear, on torso and "
        "limbs (taken without this option); none: nothing, and images are read without colours",
    )
    look.add_argument(
        "--reid-model",
        type=Path,
        default=words.NOT_GIVEN,
        metavar="FILE",
        help="a re-identification network (ONNX; RGB crops, normalised as for ImageNet) instead of "
        "colours; needs onnxruntime",
    )
    group.add_argument(
        "--write-correspondences",
        type=Path,
        metavar="FOLDER",
        help="also write those found, in that text format, to this folder",
    )


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


def add_settings(parser: argparse.ArgumentParser, rules: dict[str, Any]) -> None:
    """Add the parameters of the settings, each with its unit, effect and default."""
    group = parser.add_argument_group("tracking")
    for option, (unit, effect) in PARAMETERS.items():
        name = option.replace("-", "_")
        having = {k: rule for k, rule in rules.items() if name in _parameters(rule)}
        if not having:
            continue
        defaults = {k: words.default_of(rule, name) for k, rule in having.items()}
        said = ", ".join(f"{value:g} in {k}" for k, value in defaults.items())
        group.add_argument(
            f"--{option}",
            type=type(next(iter(defaults.values()))),
            default=words.NOT_GIVEN,
            metavar=unit,
            help=f"{effect} ({said})",
        )


def _parameters(rule: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(rule)}


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
    format: str | None = None,
    skeleton: str | None = None,
    score_scale: float | None = None,
    image_list: Path | None = None,
    **parameters: Any,
) -> None:
    """Read, track, write, and say what came out."""
    from .. import results
    from ..video import open_video

    words.refuse_overwriting(out, images, poses)
    one_file = results.is_one_file(out)
    if images is None and (matcher not in (None, "none") or write_correspondences):
        raise InputError("--matcher and --write-correspondences: expected a video or image folder")
    if images is None and (appearance not in (None, "none") or reid_model):
        raise InputError("--appearance and --reid-model: expected a video or image folder")
    estimator = {name: parameters.pop(name) for name in OPTIONS if name in parameters}
    refining = {name: parameters.pop(name) for name in REFINING if name in parameters}
    rule = make_setting(setting, parameters)
    video = None if images is None else open_video(images)
    if poses is not None:
        refuse("without --poses", estimator)
        sequence = words.read_poses(poses, format, skeleton, score_scale, image_list)
    else:
        refuse(
            "with --poses", {"format": format, "score_scale": score_scale, "image_list": image_list}
        )
        sequence = _estimated(video, skeleton, estimator)
    fps = None if video is None else video.fps
    # What cannot be is said before the work and not after it.
    refined(dataclasses.replace(sequence, frames=(), image_names=(), times=None), fps, **refining)
    tracked, seconds = track_poses(
        sequence,
        video,
        rule,
        matcher,
        correspondences,
        write_correspondences,
        None if images is None else make_appearance(sequence.skeleton, appearance, reid_model),
        both_ways=relink or people is not None,
        people=people,
    )
    tracked = refined(tracked, fps, **refining)
    from ..summary import summarise

    summary = summarise(tracked)
    if one_file:
        results.save_file(out, tracked, to)
    else:
        results.save_folder(
            out,
            tracked,
            summary,
            to=to,
            video=video,
            watch=lambda frames: words.progress(frames, len(tracked), "drawing "),
        )
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


def _estimated(video: Video | None, skeleton: str | None, estimator: dict[str, Any]) -> Sequence:
    """The poses of the video, estimated while they are tracked."""
    from ..estimation import estimate

    if video is None:
        raise InputError("track: expected --poses, or a video to estimate them on")
    return estimate(video, make_estimator(skeleton, **estimator))


def make_setting(setting: str, parameters: dict[str, Any]) -> Rule | paper:
    """The named setting with the parameters that were typed.

    Raises:
        InputError: it has no such parameter.
    """
    from ..tracking import SETTINGS

    for name in parameters:
        if name not in _parameters(SETTINGS[setting]):
            owners = [k for k, rule in SETTINGS.items() if name in _parameters(rule)]
            raise InputError(
                f"--{name.replace('_', '-')}: expected with --setting {' or '.join(owners)}, "
                f"got --setting {setting}"
            )
    return SETTINGS[setting](**parameters)


def make_appearance(
    skeleton: Skeleton, appearance: str | None, reid_model: Path | None
) -> Appearance | None:
    """What tells how people look; None = that is not asked."""
    if reid_model is not None:
        from ..appearance import embeddings
        from ..estimators.sessions import open_session

        return embeddings(open_session(reid_model))
    if appearance == "none":
        return None
    from ..appearance import colours

    return colours(skeleton)


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
) -> tuple[Sequence, float]:
    """The clip with ids, and the seconds it took."""
    from ..correspondence import MATCHERS
    from ..files import whole_folder
    from ..pipeline import correspondences_from, correspondences_to, on_video, track
    from ..relinking import Remembered, relink
    from ..tracking import Tracker, default, paper, tracker_for
    from ..video import read_frames

    chosen = "dis" if matcher is None else matcher
    looking = video is not None and chosen != "none" and read_from is None
    # Only our own rule asks what people look like.
    appearance = appearance if isinstance(rule, default) else None
    matching = MATCHERS[chosen]() if looking else None
    tracker = tracker_for(sequence.skeleton, rule, matching, appearance)
    if video is not None:
        sequence = on_video(sequence, video)
    find = None if read_from is None else correspondences_from(read_from, sequence)
    # Poses alone, and correspondences of others, do not need the images at all.
    frames = None if video is None else read_frames(video, color=appearance is not None)
    start = time.perf_counter()

    remembered = Remembered() if both_ways else None

    def run(*recorders: Recorder) -> Sequence:
        return track(
            sequence,
            tracker,
            frames,
            find,
            recorders if remembered is None else (*recorders, remembered),
            watch=lambda poses: words.progress(poses, len(sequence), "tracking"),
        )

    if write_to is None:
        tracked = run()
    else:
        with whole_folder(write_to) as folder:
            tracked = run(correspondences_to(folder, chosen))
    if remembered is not None:
        tracked = relink(
            tracked,
            Tracker(sequence.skeleton, default() if isinstance(rule, paper) else rule),
            remembered,
            people,
            watch=lambda poses: words.progress(poses, len(sequence), "and back"),
        )
    return tracked, time.perf_counter() - start


def describe(summary: Summary, seconds: float, out: Path, most: int = 20) -> str:
    """A screenful: how many people, when each was seen, how fast it went."""
    rate = summary.frames / seconds if seconds > 0 else 0.0
    lines = [
        f"{len(summary.people)} people in {summary.frames} frames, {summary.poses} poses, "
        f"{summary.without_id} of them without id (seen twice, or never sure); {seconds:.1f} s, "
        f"{rate:.0f} frames a second",
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
    return "\n".join([*lines, f"written: {out}"])

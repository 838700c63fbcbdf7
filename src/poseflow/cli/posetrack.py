"""Run on the PoseTrack data set as it is released: annotations/{train,val,test} and images/.

track writes a file of predictions for each sequence of a split, to be evaluated or handed in; match
writes the correspondences between neighbouring images as text, as the matching step of 2018 did.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import words
from .cues import add_appearance, make_appearance
from .settings import add_settings, make_setting

if TYPE_CHECKING:
    from ..formats.scales import ScoreScale
    from ..poses import Sequence
    from ..posetrack.layout import Listing
    from ..posetrack.split import Split

SUMMARY = "a whole split of the PoseTrack data set"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `posetrack` takes."""
    jobs = parser.add_subparsers(metavar="JOB", required=True)
    for name, job, summary, add in (
        ("track", track, "poses of a split in, predictions for its frames out", _add_tracking),
        ("match", match, "correspondence files as those of 2018", _add_matching),
    ):
        one = jobs.add_parser(name, help=summary, description=job.__doc__)
        one.set_defaults(job=job)
        one.add_argument(
            "--root",
            type=Path,
            required=True,
            metavar="FOLDER",
            help="the data set's, with annotations/ and images/ in it",
        )
        add(one)
        one.add_argument(
            "--workers",
            type=int,
            default=words.NOT_GIVEN,
            metavar="COUNT",
            help="processes that share the sequences "
            f"({words.default_of(job, 'workers')}). The result is the same for any number. A "
            "single one keeps two cores busy while images are compared",
        )
        one.add_argument("--quiet", action="store_true", help="print errors only")


def _add_tracking(parser: argparse.ArgumentParser) -> None:
    from ..tracking import SETTINGS, Tracker

    parser.add_argument(
        "--split",
        required=True,
        metavar="NAME",
        help="train, val or test. A split without annotations is every folder of images in "
        "images/NAME, all of its images in order",
    )
    parser.add_argument(
        "--poses",
        type=Path,
        required=True,
        metavar="FILE_OR_FOLDER",
        help="of any format: a file for the whole split, or a folder with a file for each "
        "sequence. They are told apart by their images' names, such as "
        "images/val/000342_mpii_test/000000.jpg; names without a folder are of the sequence after "
        "which their file is named. Other sequences' poses are passed over",
    )
    parser.add_argument(
        "--out",
        type=words.output,
        required=True,
        metavar="FOLDER",
        help="gets a file for each sequence, called and written as its annotation, with exactly "
        "its frames: all of them or none",
    )
    least = parser.add_mutually_exclusive_group()
    least.add_argument(
        "--min-joint-score",
        type=float,
        default=words.NOT_GIVEN,
        metavar="SCORE",
        help="joints scored below are not exported; in the scale of the poses' own scores. mAP "
        "wants all joints, as without this option, and MOTA confident ones only: choose it on "
        "train, and tell it with your figures. In 2018 it was 2 (drop), on AlphaPose's old scale",
    )
    least.add_argument(
        "--tune",
        action="store_true",
        help="choose it: of 0, 1, … 19 twentieths of the largest score (of 1, if that is less) "
        "the one that gives the highest MOTA by the split's annotations. mAP and MOTA of all of "
        "them are printed, and mAP of all joints",
    )
    parser.add_argument(
        "--setting",
        choices=sorted(SETTINGS),
        default=words.NOT_GIVEN,
        help="of the tracker, as for poseflow track",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--matcher",
        default=words.NOT_GIVEN,
        metavar="NAME",
        help="what finds correspondences between neighbouring images, by the names that poseflow "
        f"track takes: dis, lk, orb, … ({words.default_of(track, 'matcher')}). none: images are "
        "not compared, and not needed unless --appearance or --reid-model asks for them",
    )
    source.add_argument(
        "--correspondences",
        type=Path,
        metavar="FOLDER",
        help="read them from text files instead, which lie in it as the images do in the data "
        "set's folder: as poseflow posetrack match writes them, or, if FOLDER is the data "
        "set's, beside the images, where the scripts of 2018 put them",
    )
    add_appearance(parser.add_argument_group("what people look like"))
    parser.add_argument(
        "--fps",
        type=float,
        default=words.NOT_GIVEN,
        metavar="FRAMES",
        help=f"a second: times in seconds go by it ({words.default_of(Tracker, 'fps'):g})",
    )
    parser.add_argument(
        "--relink",
        action="store_true",
        help="track each sequence backwards as well and link what both directions agree on: fewer "
        "switches, and ids of a frame that depend on later frames, too",
    )
    words.add_reading(parser)
    add_settings(parser, SETTINGS)


def _add_matching(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--split",
        default=words.NOT_GIVEN,
        metavar="NAME",
        help="train, val or test; without it, all that there are",
    )
    parser.add_argument(
        "--matcher",
        default=words.NOT_GIVEN,
        metavar="NAME",
        help="by the names that poseflow track takes: dis, lk, orb, … "
        f"({words.default_of(match, 'matcher')}). Optical flow follows points 16 pixels apart all "
        "over the image",
    )
    parser.add_argument(
        "--out",
        type=words.output,
        default=words.NOT_GIVEN,
        metavar="FOLDER",
        help="gets A_B_orb.txt (A_B.txt if not by ORB) for neighbouring images A and B, in "
        "folders as those of the images, all of them or none "
        f"({words.default_of(match, 'out')}, in the folder you are in). The data set's folder "
        "puts them beside the images",
    )


def run(job: Callable[..., None], **given: Any) -> None:
    """Do one of the jobs."""
    job(**given)


def track(
    root: Path,
    split: str,
    poses: Path,
    out: Path,
    min_joint_score: float = 0.0,
    tune: bool = False,
    setting: str = "default",
    matcher: str = "dis",
    correspondences: Path | None = None,
    appearance: str | None = None,
    reid_model: Path | None = None,
    relink: bool = False,
    fps: float | None = None,
    workers: int = 1,
    quiet: bool = False,
    format: str | None = None,
    skeleton: str | None = None,
    score_scale: ScoreScale | None = None,
    image_list: Path | None = None,
    **parameters: Any,
) -> None:
    """Give every pose of a split the id of its person, and write predictions to be evaluated.

    Each sequence is tracked by a fresh tracker over its annotated frames, labelled or not, in the
    annotation's order, and over other images between them for which there are poses (not with
    --correspondences). A file of predictions has exactly the annotated frames, PoseTrack's
    joints by name (nose and head as poseflow converts them), and ids from 0. People without
    an id (seen twice, or never sure) are left out: the evaluators want one of everybody.
    """
    from ..files import whole_folder
    from ..posetrack.predictions import predictions, save_predictions
    from ..posetrack.split import open_split, refuse_overwriting
    from ..posetrack.tracking import Tracking
    from ..workers import in_order

    rule = make_setting(setting, parameters)
    _require_matcher(matcher, "none")
    if not min_joint_score >= 0:
        raise InputError(f"--min-joint-score: expected 0 or more, got {min_joint_score}")

    def load(path: Path, scale: ScoreScale | None) -> Sequence:
        scale = scale or score_scale
        return words.read_poses(path, format, skeleton, scale, image_list, several=True)

    if matcher == "none" and reid_model is None and appearance is None:
        appearance = "none"
    looking = matcher != "none" or reid_model is not None or appearance != "none"
    chosen = open_split(root, split, poses, load, images=looking, between=correspondences is None)
    refuse_overwriting(out, chosen.listings, poses)
    _tell_strays(chosen, split, poses)
    work = Tracking(
        root,
        rule,
        None if matcher == "none" else matcher,
        correspondences,
        partial(make_appearance, appearance=appearance, reid_model=reid_model),
        relink,
        fps,
    )
    start = time.perf_counter()
    tracked: list[Sequence] = []
    with whole_folder(out) as folder:
        for sequence in in_order(work, chosen.recordings, workers):
            tracked.append(sequence)
            if not quiet:
                place = f"[{len(tracked)}/{len(chosen.recordings)}]"
                print(f"{place} {sequence.name}: {_counts(sequence)}", flush=True)
        seconds = time.perf_counter() - start
        if tune:
            min_joint_score = _tuned(chosen, tracked, split)
        n_written = 0
        for listing, sequence in zip(chosen.listings, tracked, strict=True):
            predicted = predictions(listing, sequence, min_joint_score)
            save_predictions(folder, listing, predicted)
            n_written += sum(map(len, predicted.frames))
    if not quiet:
        print(_described(tracked, n_written, seconds), f"written: {out}", sep="\n")


def _require_matcher(name: str, *others: str) -> None:
    # Here and not among argparse's choices, which every command would have to load them for.
    from ..correspondence import MATCHERS

    known = (*MATCHERS, *others)
    if name not in known:
        raise InputError(f"--matcher: expected one of {', '.join(known)}; got {name!r}")


def _tuned(chosen: Split, tracked: list[Sequence], split: str) -> float:
    """The least score that is best; all of them are printed."""
    from ..posetrack.tuning import tune

    tuning = tune(chosen.listings, tracked)
    print(f"{'least score':>11}  {'mAP':>5}  {'MOTA':>5}")
    for tried in tuning.tried:
        mark = "  <- highest MOTA" if tried is tuning.best else ""
        print(f"{tried.min_joint_score:11.4g}  {tried.map:5.1f}  {tried.mota:5.1f}{mark}")
    print(f"mAP of all joints of everybody, with or without an id: {tuning.unfiltered:.1f}")
    if split != "train":
        words.note(
            f"chosen on {split}, whose own figures are then better than they should be; "
            "choose it on train"
        )
    return tuning.best.min_joint_score


def _described(tracked: list[Sequence], n_written: int, seconds: float) -> str:
    """A line about all of it."""
    n_frames = sum(map(len, tracked))
    n_poses = sum(len(poses) for sequence in tracked for poses in sequence.frames)
    return (
        f"{words.counted(len(tracked), 'sequence')}, {words.counted(n_frames, 'frame')}, "
        f"{words.counted(n_poses, 'pose')}, {n_poses - n_written} of "
        f"them left out (without id, or without a joint){words.speed(n_frames, seconds)}"
    )


def _counts(sequence: Sequence) -> str:
    people = {i for poses in sequence.frames for i in poses.track_ids.tolist() if i > 0}
    n_poses = sum(map(len, sequence.frames))
    return (
        f"{words.counted(len(sequence), 'frame')}, {words.counted(n_poses, 'pose')}, "
        f"{words.counted(len(people), 'person', 'people')}"
    )


def _tell_strays(chosen: Split, split: str, poses: Path) -> None:
    if chosen.strays:
        names = sorted(chosen.strays)
        some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        words.note(
            f"{poses}: passed over {chosen.strays.total()} frames with people of {len(names)} "
            f"sequences that are not in {split}: {some}"
        )


def match(
    root: Path,
    split: str | None = None,
    matcher: str = "dis",
    out: Path = Path("correspondences"),
    workers: int = 1,
    quiet: bool = False,
) -> None:
    """Match every two neighbouring images of each sequence, and write what was found as text.

    poseflow posetrack track --correspondences reads it. It is for those who want to look at it, or
    to track many times by a slow matcher; else matching is a part of tracking.
    """
    from ..files import whole_folder
    from ..posetrack.layout import listings, require_images, splits
    from ..posetrack.matching import Matching
    from ..workers import in_order

    _require_matcher(matcher)
    wanted: list[Listing] = []
    for name in splits(root) or ["test"] if split is None else [split]:
        wanted += listings(root, name)
    require_images(root, wanted)
    with whole_folder(out) as folder:
        counts = in_order(Matching(root, matcher, folder), wanted, workers)
        for i, (listing, (n_pairs, n_found)) in enumerate(zip(wanted, counts, strict=True), 1):
            if not quiet:
                print(
                    f"[{i}/{len(wanted)}] {listing.name}: {words.counted(n_pairs, 'pair')}, "
                    f"{words.counted(n_found, 'correspondence')}",
                    flush=True,
                )
    if not quiet:
        print(f"written: {out}")

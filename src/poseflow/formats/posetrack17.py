"""PoseTrack's format of 2017: `annolist`, one entry a frame, every scalar wrapped in a list.

Its boxes x1 … y2 are those of heads and no part of `Poses`; like labels, ignore regions and all
else they stay as they are. Joints are listed by id, so a missing one is simply not there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np

from ..poses import Poses, Sequence
from ..skeletons import skeleton
from ..truth import Truth
from .documents import Object, give_back, read_document, source_frames, write_document
from .fitting import fitted
from .format import Format, Sample, own_source
from .posetrack import frame_words, refuse_ids, with_id
from .posetrack17_reading import HEAD, NAME, SKELETON, name_of, read, read_truths
from .reading import FloatArray


def _recognise(sample: Sample) -> bool:
    return sample.files is None and isinstance(sample.json, dict) and "annolist" in sample.json


def _write(path: Path, sequence: Sequence) -> None:
    """A file of predictions; from another format with the 15 joints that it has."""
    own = own_source(sequence, NAME) if len(sequence.skeleton) == len(skeleton(SKELETON)) else None
    if own is None:
        write_document(path, {}, "annolist", _new_entries(fitted(sequence, POSETRACK17), path))
    else:
        document = read_document(own, "annolist")
        entries = _given_back(sequence, document["annolist"], path)
        write_document(path, document, "annolist", entries)


def _write_truth(path: Path, truth: Truth) -> None:
    """A file of ground truth, made from the arrays."""
    entries = _new_entries(fitted(truth.sequence, POSETRACK17), path)
    marks = (truth.head_boxes, truth.ignored, truth.labelled.tolist())
    write_document(path, {}, "annolist", map(_marked, entries, *marks))


def _marked(
    entry: Object, heads: FloatArray, ignored: tuple[FloatArray, ...], labelled: bool
) -> Object:
    """An entry with what the truth has beside poses."""
    for person, box in zip(entry["annorect"], heads.tolist(), strict=True):
        if not math.isnan(box[0]):
            person |= {side: [value] for side, value in zip(HEAD, box, strict=True)}
    entry["is_labeled"] = [int(labelled)]
    entry["ignore_regions"] = [
        {"point": [{"x": [x], "y": [y]} for x, y in polygon.tolist()]} for polygon in ignored
    ]
    return entry


def _given_back(sequence: Sequence, source: list[Object], path: Path) -> Iterator[Object]:
    """The entries of the source that are still frames, and new ones for new frames with people."""
    counts = [len(entry.get("annorect", [])) for entry in source]
    firsts = [0, *accumulate(counts)]
    frame_of_row = np.repeat(np.arange(len(counts)), counts)
    names = [name_of(entry) for entry in source]
    for i, poses, k in source_frames(sequence, names, frame_of_row):
        refuse_ids(poses, f"{path}: {frame_words(i, sequence.image_names[i])}")
        if k is not None:
            people = source[k].get("annorect", [])
            back, others = give_back(people, firsts[k], poses, _with_id)
            yield source[k] | {"annorect": back + _made(others, sequence.score_scales)}
        elif len(poses):
            yield _entry(sequence.image_names[i], i, _made(poses, sequence.score_scales))


def _new_entries(sequence: Sequence, path: Path) -> Iterator[Object]:
    for i, (name, poses) in enumerate(zip(sequence.image_names, sequence.frames, strict=True)):
        refuse_ids(poses, f"{path}: {frame_words(i, name)}")
        yield _entry(name, i, _made(poses, sequence.score_scales))


def _entry(name: str, i: int, people: list[Object]) -> Object:
    return {"image": [{"name": name or f"{i:08d}.jpg"}], "annorect": people}


_with_id = partial(with_id, wrapped=True)


def _made(poses: Poses, scales: tuple[float, float]) -> list[Object]:
    """People made from arrays; what is unknown gets no field."""
    places = poses.keypoints.tolist()
    joint_scores = (poses.keypoint_scores * scales[0]).tolist()
    pose_scores = (poses.scores * scales[1]).tolist()
    ids = poses.track_ids.tolist()
    people = []
    for joints, of_joints, score, track_id in zip(
        places, joint_scores, pose_scores, ids, strict=True
    ):
        points = [
            _point(i, x, y, s)
            for i, ((x, y), s) in enumerate(zip(joints, of_joints, strict=True))
            if not math.isnan(x)
        ]
        person: Object = {} if math.isnan(score) else {"score": [score]}
        # The evaluator takes an `annopoints` with an empty list of points for a person.
        person["annopoints"] = [{"point": points}] if points else []
        people.append(_with_id(person, track_id))
    return people


def _point(i: int, x: float, y: float, score: float) -> Object:
    point = {"id": [i], "x": [x], "y": [y]}
    return point if math.isnan(score) else point | {"score": [score]}


POSETRACK17 = Format(
    name=NAME,
    recognise=_recognise,
    read=read,
    write=_write,
    suffix=".json",
    skeletons=(SKELETON,),
    loses=frozenset({"boxes", "times", "image_size"}),
    read_truths=read_truths,
    write_truth=_write_truth,
)

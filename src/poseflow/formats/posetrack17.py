"""PoseTrack's format of 2017: `annolist`, one entry a frame, every scalar wrapped in a list.

Its boxes x1 … y2 are those of heads and no part of `Poses`; like labels, ignore regions and all
else they stay as they are. Joints are listed by id, so a missing one is simply not there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..poses import Poses, Sequence
from ..skeletons import Skeleton
from .documents import (
    Object,
    give_back,
    integers,
    objects,
    read_document,
    source_frames,
    write_document,
)
from .fitting import fitted
from .format import Format, Sample, own_source, source_of
from .posetrack import ids_inside, with_id
from .reading import FloatArray, IntArray, Refuse, numbers, score_scales, show, skeleton_for

_NAME = "posetrack17"
_N_JOINTS = 15
_SKELETONS = {_N_JOINTS: "posetrack-15"}


class _Joints(NamedTuple):
    """The P joints of all people of a file: row of the person, id, (P, 2) place, score or nan."""

    rows: IntArray
    ids: IntArray
    points: FloatArray
    scores: FloatArray


def _recognise(sample: Sample) -> bool:
    return sample.files is None and isinstance(sample.json, dict) and "annolist" in sample.json


def _read(path: Path, given: Skeleton | None, score_scale: float | None) -> Sequence:
    source = source_of(path, _NAME)
    entries = read_document(path, "annolist")["annolist"]
    own = skeleton_for(_N_JOINTS, given, _SKELETONS, path)
    names = tuple(_name(entry) for entry in entries)
    people = [_people(entry, f"{path}: {_frame(i, names)}") for i, entry in enumerate(entries)]
    counts = [len(frame) for frame in people]
    owners = [(i, j) for i, n in enumerate(counts) for j in range(n)]

    def where(row: int) -> str:
        frame, person = owners[row]
        return f"{path}: {_frame(frame, names)}: person {person + 1}"

    def column(field: str) -> tuple[list[Any], Refuse]:
        values = [_scalar(person.get(field)) for frame in people for person in frame]
        return values, lambda i, expected, got: InputError(
            f"{where(i)}: {field}: expected {expected}, got {got}"
        )

    joints = _joints([person for frame in people for person in frame], len(own), where)
    pose_scores = numbers(*column("score"))
    scales = score_scales(
        float(np.fmax.reduce(joints.scores, initial=0.0)),
        float(np.fmax.reduce(pose_scores, initial=0.0)),
        score_scale,
    )
    every = _poses(joints, pose_scores, scales, (len(owners), len(own)))
    every = every.with_track_ids(ids_inside(integers(*column("track_id"))))
    stops = np.cumsum(counts, dtype=np.int64).tolist()
    return Sequence(
        skeleton=own,
        frames=tuple(every[b - n : b] for n, b in zip(counts, stops, strict=True)),
        image_names=names,
        name=path.stem,
        score_scales=scales,
        source=source,
    )


def _poses(
    joints: _Joints, pose_scores: FloatArray, scales: tuple[float, float], shape: tuple[int, int]
) -> Poses:
    """All people of a file; of a joint given twice the first counts, as for the evaluator."""
    keypoints = np.full((*shape, 2), np.nan)
    scores = np.full(shape, np.nan)
    keypoints[joints.rows[::-1], joints.ids[::-1]] = joints.points[::-1]
    scores[joints.rows[::-1], joints.ids[::-1]] = joints.scores[::-1]
    scored = not np.isnan(pose_scores).all()
    return Poses.from_keypoints(
        keypoints,
        np.clip(scores / scales[0], 0.0, 1.0),
        np.clip(pose_scores / scales[1], 0.0, 1.0) if scored else None,
        rows=np.arange(shape[0]),
    )


def _joints(people: list[Object], n_keypoints: int, where: Callable[[int], str]) -> _Joints:
    rows: list[int] = []
    points: list[Object] = []
    for row, person in enumerate(people):
        listed = _points(person, where(row))
        points += listed
        rows += [row] * len(listed)

    def refusing(field: str) -> Refuse:
        def refuse(i: int, expected: str, got: str) -> InputError:
            point = i - rows.index(rows[i]) + 1
            return InputError(
                f"{where(rows[i])}: point {point}: {field}: expected {expected}, got {got}"
            )

        return refuse

    def column(field: str) -> list[Any]:
        return [_scalar(point.get(field)) for point in points]

    ids = integers(column("id"), refusing("id"))
    for i in np.flatnonzero((ids < 0) | (ids >= n_keypoints)).tolist():
        expected = f"a joint from 0 to {n_keypoints - 1}"
        raise refusing("id")(i, expected, show(_scalar(points[i].get("id"))))
    places = [numbers(column(axis), refusing(axis)) for axis in ("x", "y")]
    for axis, place in zip(("x", "y"), places, strict=True):
        for i in np.flatnonzero(np.isnan(place)).tolist():
            raise refusing(axis)(i, "a finite number", "nothing")
    scores = numbers(column("score"), refusing("score"))
    return _Joints(np.array(rows, dtype=np.int64), ids, np.stack(places, axis=1), scores)


def _scalar(value: Any) -> Any:
    """What a list of one holds; an empty list is nothing."""
    if isinstance(value, list) and len(value) < 2:
        return value[0] if value else None
    return value


def _frame(i: int, names: tuple[str, ...]) -> str:
    return f"frame {i + 1} ({names[i]})" if names[i] else f"frame {i + 1}"


def _name(entry: Object) -> str:
    image = _scalar(entry.get("image"))
    name = _scalar(image.get("name")) if isinstance(image, dict) else None
    return name if isinstance(name, str) else ""


def _people(entry: Object, where: str) -> list[Object]:
    return objects(entry.get("annorect", []), f"{where}: annorect")


def _points(person: Object, where: str) -> list[Object]:
    """The joints of a person; none where `annopoints` is absent or empty."""
    holder = _scalar(person.get("annopoints"))
    if holder in (None, []):
        return []
    if not isinstance(holder, dict):
        raise InputError(f"{where}: annopoints: expected an object, got {show(holder)}")
    return objects(holder.get("point", []), f"{where}: point")


def _write(path: Path, sequence: Sequence) -> None:
    """A file of predictions; from another format with the 15 joints that it has."""
    own = own_source(sequence, _NAME) if len(sequence.skeleton) == _N_JOINTS else None
    if own is None:
        write_document(path, {}, "annolist", _new_entries(fitted(sequence, POSETRACK17)))
    else:
        document = read_document(own, "annolist")
        write_document(path, document, "annolist", _given_back(sequence, document["annolist"]))


def _given_back(sequence: Sequence, source: list[Object]) -> Iterator[Object]:
    """The entries of the source that are still frames, and new ones for new frames with people."""
    counts = [len(entry.get("annorect", [])) for entry in source]
    firsts = [0, *accumulate(counts)]
    frame_of_row = np.repeat(np.arange(len(counts)), counts)
    names = [_name(entry) for entry in source]
    for i, poses, k in source_frames(sequence, names, frame_of_row):
        if k is not None:
            people = source[k].get("annorect", [])
            back, others = give_back(people, firsts[k], poses, _with_id)
            yield source[k] | {"annorect": back + _made(others, sequence.score_scales)}
        elif len(poses):
            yield _entry(sequence.image_names[i], i, _made(poses, sequence.score_scales))


def _new_entries(sequence: Sequence) -> Iterator[Object]:
    for i, (name, poses) in enumerate(zip(sequence.image_names, sequence.frames, strict=True)):
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
    name=_NAME,
    recognise=_recognise,
    read=_read,
    write=_write,
    suffix=".json",
    skeletons=tuple(_SKELETONS.values()),
    loses=frozenset({"boxes", "times", "image_size"}),
)

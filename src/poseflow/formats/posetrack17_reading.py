"""Reading PoseTrack's files of 2017: poses, and what the truth has beside them.

A clip has 100 000 numbers, each in a list of its own, and a data set hundreds of clips: what is as
it should be is taken in bulk, and only a column that is not is looked at one value at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, chain, repeat
from operator import contains, itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..poses import Poses, Sequence, Source
from ..skeletons import Skeleton, skeleton
from ..truth import Truth
from .documents import Object, integers, objects, read_document
from .format import source_of
from .posetrack import frame_words, ids_inside, labels
from .reading import FloatArray, IntArray, Refuse, numbers, packed, score_scales, show, skeleton_for

NAME = "posetrack17"
SKELETON = "posetrack-15"
HEAD = ("x1", "y1", "x2", "y2")


class Clip(NamedTuple):
    """What is in a file, or in one of several clips of a file.

    Attributes:
        where: the file as a message names it.
        name: of the clip.
        source: of the file, taken before it was read.
        entries: one a frame.
        names: of the frames.
        people: N, frame after frame.
        stops: (F,) of the people, where those of each frame end.
    """

    where: str
    name: str
    source: Source
    entries: list[Object]
    names: tuple[str, ...]
    people: list[Object]
    stops: list[int]

    @property
    def spans(self) -> list[slice]:
        """Which of the people are in each frame."""
        return [slice(a, b) for a, b in zip([0, *self.stops], self.stops, strict=False)]

    def frame(self, i: int) -> str:
        """A frame as a message names it."""
        return f"{self.where}: {frame_words(i, self.names[i])}"

    def person(self, row: int) -> str:
        """A person as a message names it."""
        i = int(np.searchsorted(self.stops, row, side="right"))
        return f"{self.frame(i)}: person {row - self.spans[i].start + 1}"

    def column(self, field: str) -> tuple[list[Any], Refuse]:
        """A field of all people, and how to complain about one of its values."""
        return _column(self.people, field), lambda i, expected, got: InputError(
            f"{self.person(i)}: {field}: expected {expected}, got {got}"
        )


_POINT = ("id", "x", "y", "score")


class _Joints(NamedTuple):
    """The P joints of all people of a file: row of the person, id, (P, 2) place, score or nan."""

    rows: IntArray
    ids: IntArray
    points: FloatArray
    scores: FloatArray


def read(path: Path, given: Skeleton | None, score_scale: float | None) -> Sequence:
    """The poses of a file."""
    return _sequence(_open(path), SKELETON, given, score_scale)


def read_truths(path: Path, given: Skeleton | None) -> tuple[Truth, ...]:
    """The one truth of a file."""
    return (truth_of(_open(path), SKELETON, given),)


def _open(path: Path) -> Clip:
    source = source_of(path, NAME)
    return clip_of(read_document(path, "annolist")["annolist"], str(path), path.stem, source)


def clip_of(entries: list[Object], where: str, name: str, source: Source) -> Clip:
    """The people of all frames in a row.

    Raises:
        InputError: a frame's people are no list of objects.
    """
    names = tuple(map(name_of, entries))
    clip = Clip(where, name, source, entries, names, [], [])
    frames = [
        objects(entry.get("annorect", []), f"{clip.frame(i)}: annorect")
        for i, entry in enumerate(entries)
    ]
    people = [person for frame in frames for person in frame]
    return clip._replace(people=people, stops=list(accumulate(map(len, frames))))


def truth_of(clip: Clip, own: str, given: Skeleton | None) -> Truth:
    """A clip as arrays.

    Args:
        clip: what is in the file.
        own: the skeleton whose keypoints the ids of joints count.
        given: one with as many keypoints to take instead.

    Raises:
        InputError: a field is not what it should be.
    """
    sequence = _sequence(clip, own, given, None)
    heads = np.stack([numbers(*clip.column(field)) for field in HEAD], axis=1)
    # Half a box is none.
    heads[np.isnan(heads).any(axis=1)] = np.nan
    return Truth(
        sequence=sequence,
        head_boxes=tuple(heads[span] for span in clip.spans),
        ignored=tuple(_ignored(entry, clip.frame(i)) for i, entry in enumerate(clip.entries)),
        labelled=labels(_column(clip.entries, "is_labeled"), clip.frame),
    )


def _sequence(
    clip: Clip, own_name: str, given: Skeleton | None, score_scale: float | None
) -> Sequence:
    n_joints = len(skeleton(own_name))
    own = skeleton_for(n_joints, given, {n_joints: own_name}, clip.where)
    joints = _usual_joints(clip.people, n_joints) or _joints(clip.people, n_joints, clip.person)
    pose_scores = numbers(*clip.column("score"))
    scales = score_scales(
        float(np.fmax.reduce(joints.scores, initial=0.0)),
        float(np.fmax.reduce(pose_scores, initial=0.0)),
        score_scale,
    )
    every = _poses(joints, pose_scores, scales, (len(clip.people), len(own)))
    every = every.with_track_ids(ids_inside(integers(*clip.column("track_id"))))
    return Sequence(
        skeleton=own,
        frames=tuple(every[span] for span in clip.spans),
        image_names=clip.names,
        name=clip.name,
        score_scales=scales,
        source=clip.source,
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


def _usual_joints(people: list[Object], n_keypoints: int) -> _Joints | None:
    """The joints of all people in bulk; None if one has another spelling or something wrong."""
    try:
        held = list(map(itemgetter("annopoints"), people))
        listed = [holders[0]["point"] if holders else [] for holders in held]
        if max(map(len, held), default=0) > 1 or not set(map(type, listed)) <= {list}:
            return None
        points = list(chain.from_iterable(listed))
        fields = _POINT if any(map(contains, points, repeat("score"))) else _POINT[:3]
        values = [v for lists in map(itemgetter(*fields), points) for (v,) in lists]
    except (KeyError, TypeError, ValueError):
        return None
    array = packed(values)
    if array is None:
        return None
    ids, *columns = array.reshape(len(points), len(fields)).T
    if not ((ids >= 0) & (ids < n_keypoints) & (ids == np.floor(ids))).all():
        return None
    return _Joints(
        rows=np.repeat(np.arange(len(listed)), list(map(len, listed))),
        ids=ids.astype(np.int64),
        points=np.stack(columns[:2], axis=1),
        scores=columns[2] if len(columns) > 2 else np.full(len(points), np.nan),
    )


def _joints(people: list[Object], n_keypoints: int, where: Callable[[int], str]) -> _Joints:
    """The joints of all people, whatever their spelling.

    Raises:
        InputError: one is not what it should be; the sentence begins with `where` of the person.
    """
    listed = [_points(person, row, where) for row, person in enumerate(people)]
    points = list(chain.from_iterable(listed))
    rows = np.repeat(np.arange(len(listed)), list(map(len, listed)))

    def refusing(field: str) -> Refuse:
        def refuse(i: int, expected: str, got: str) -> InputError:
            point = i - int(np.searchsorted(rows, rows[i])) + 1
            return InputError(
                f"{where(int(rows[i]))}: point {point}: {field}: expected {expected}, got {got}"
            )

        return refuse

    def column(field: str) -> tuple[list[Any], Refuse]:
        return _column(points, field), refusing(field)

    ids = integers(*column("id"))
    for i in np.flatnonzero((ids < 0) | (ids >= n_keypoints)).tolist():
        expected = f"a joint from 0 to {n_keypoints - 1}"
        raise refusing("id")(i, expected, show(_scalar(points[i].get("id"))))
    return _Joints(rows, ids, _places(column("x"), column("y")), numbers(*column("score")))


def _places(*axes: tuple[list[Any], Refuse]) -> FloatArray:
    """(P, 2) x and y of points, all of which have both."""
    places = [numbers(values, refuse) for values, refuse in axes]
    for place, (_, refuse) in zip(places, axes, strict=True):
        for i in np.flatnonzero(np.isnan(place)).tolist():
            raise refuse(i, "a finite number", "nothing")
    return np.stack(places, axis=1)


def _column(items: list[Object], field: str) -> list[Any]:
    """A field of all items, unwrapped; None where it is absent."""
    try:
        return [value for (value,) in map(itemgetter(field), items)]
    except (KeyError, TypeError, ValueError):
        return [_scalar(item.get(field)) for item in items]


def _scalar(value: Any) -> Any:
    """What a list of one holds; an empty list is nothing."""
    if isinstance(value, list) and len(value) < 2:
        return value[0] if value else None
    return value


def name_of(entry: Object) -> str:
    """The name of a frame's image; "" = it has none."""
    image = _scalar(entry.get("image"))
    name = _scalar(image.get("name")) if isinstance(image, dict) else None
    return name if isinstance(name, str) else ""


def _points(person: Object, row: int, where: Callable[[int], str]) -> list[Object]:
    """The joints of a person; none where `annopoints` is absent or empty."""
    holder = _scalar(person.get("annopoints"))
    if holder in (None, []):
        return []
    if not isinstance(holder, dict):
        raise InputError(f"{where(row)}: annopoints: expected an object, got {show(holder)}")
    return objects(holder.get("point", []), f"{where(row)}: point")


def _ignored(entry: Object, where: str) -> tuple[FloatArray, ...]:
    """The polygons of a frame in which nothing is annotated; a bare one is the only one."""
    regions = entry.get("ignore_regions") or []
    regions = objects(
        [regions] if isinstance(regions, dict) else regions, f"{where}: ignore_regions"
    )
    polygons = (
        _polygon(region, f"{where}: ignore_regions {i}") for i, region in enumerate(regions, 1)
    )
    return tuple(polygon for polygon in polygons if len(polygon))


def _polygon(region: Object, where: str) -> FloatArray:
    points = objects(region.get("point", []), f"{where}: point")

    def column(field: str) -> tuple[list[Any], Refuse]:
        return _column(points, field), lambda i, expected, got: InputError(
            f"{where}: point {i + 1}: {field}: expected {expected}, got {got}"
        )

    return _places(column("x"), column("y"))

"""Reading PoseTrack's files of 2017: poses, and what the truth has beside them.

A clip has 100 000 numbers, each in a list of its own, and a data set hundreds of clips: what is as
it should be is taken in bulk, and only a column that is not is looked at one value at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, pairwise, repeat
from operator import contains, itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..poses import Poses, Sequence, Source
from ..skeletons import Skeleton, skeleton
from ..truth import Truth
from .documents import Object, integers, objects, read_list
from .format import source_of
from .posetrack import frame_words, ids_inside, labels
from .reading import FloatArray, IntArray, Refuse, numbers, packed, show, skeleton_for
from .scales import Scores, ScoreScale

NAME = "posetrack17"
SKELETON = "posetrack-15"
HEAD = ("x1", "y1", "x2", "y2")
_POINT = ("id", "x", "y", "score")


class Part(NamedTuple):
    """Some frames of a clip, as they stand in its file.

    Attributes:
        where: the file as a message names it.
        first: the number of frames before these.
        entries: one a frame.
        names: of the frames.
        people: N, frame after frame.
        counts: (F,) people in each frame.
    """

    where: str
    first: int
    entries: list[Object]
    names: tuple[str, ...]
    people: list[Object]
    counts: list[int]

    def frame(self, i: int) -> str:
        """A frame as a message names it."""
        return f"{self.where}: {frame_words(self.first + i, self.names[i])}"

    def person(self, row: int) -> str:
        """A person as a message names it."""
        stops = np.cumsum(self.counts)
        i = int(np.searchsorted(stops, row, side="right"))
        return f"{self.frame(i)}: person {row - stops[i] + self.counts[i] + 1}"

    def column(self, field: str) -> tuple[list[Any], Refuse]:
        """A field of all people, and how to complain about one of its values."""
        return _column(self.people, field), lambda i, expected, got: InputError(
            f"{self.person(i)}: {field}: expected {expected}, got {got}"
        )


class _Joints(NamedTuple):
    """P joints of N people: how many each has, (P,) ids, (P, 2) places, (P,) scores or nan."""

    counts: IntArray
    ids: IntArray
    points: FloatArray
    scores: FloatArray


class People(NamedTuple):
    """F frames, N people in them, P joints of these, as arrays that can be strung together.

    Attributes:
        counts: (F,) people in each frame.
        scores: (N,) as in the file; nan = absent.
        track_ids: (N,) as in the file; -1 = absent.
        joint_counts: (N,) joints of each.
        joint_ids: (P,) which.
        points: (P, 2) pixels.
        joint_scores: (P,) as in the file; nan = absent.
    """

    counts: IntArray
    scores: FloatArray
    track_ids: IntArray
    joint_counts: IntArray
    joint_ids: IntArray
    points: FloatArray
    joint_scores: FloatArray


class Marks(NamedTuple):
    """What F frames of a truth have beside N people: see `Truth`."""

    heads: list[FloatArray]
    ignored: list[tuple[FloatArray, ...]]
    labelled: list[bool]


class Origin(NamedTuple):
    """Where a clip is from: its file as a message names it, its own name, and the file's source."""

    where: str
    name: str
    source: Source


Names = tuple[str, ...]


def read(path: Path, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    """The poses of a file."""
    origin = Origin(str(path), path.stem, source_of(path, NAME))
    own = skeleton_in(SKELETON, given, origin)

    def take(entries: list[Object], first: int) -> tuple[Names, People]:
        part = part_of(entries, origin.where, first)
        return part.names, _people(part, len(own))

    return _sequence(read_list(path, "annolist", take), own, origin, score_scale)


def read_truths(path: Path, given: Skeleton | None) -> tuple[Truth, ...]:
    """The one truth of a file."""
    origin = Origin(str(path), path.stem, source_of(path, NAME))
    own = skeleton_in(SKELETON, given, origin)

    def take(entries: list[Object], first: int) -> tuple[Names, People, Marks]:
        return taken(part_of(entries, origin.where, first), len(own))

    return (truth_of(read_list(path, "annolist", take), own, origin),)


def part_of(entries: list[Object], where: str, first: int = 0) -> Part:
    """Some frames, with their people in a row.

    Raises:
        InputError: a frame's people are no list of objects.
    """
    part = Part(where, first, entries, tuple(map(name_of, entries)), [], [])
    frames = [
        objects(entry.get("annorect", []), f"{part.frame(i)}: annorect")
        for i, entry in enumerate(entries)
    ]
    people = list(chain.from_iterable(frames))
    return part._replace(people=people, counts=list(map(len, frames)))


def taken(part: Part, n_joints: int) -> tuple[Names, People, Marks]:
    """Some frames of a truth as arrays.

    Raises:
        InputError: a field is not what it should be.
    """
    people = _people(part, n_joints)
    boxes = np.stack([numbers(*part.column(field)) for field in HEAD], axis=1)
    # Half a box is none.
    boxes[np.isnan(boxes).any(axis=1)] = np.nan
    marks = Marks(
        heads=np.split(boxes, np.cumsum(part.counts))[:-1],
        ignored=[_ignored(entry, part.frame(i)) for i, entry in enumerate(part.entries)],
        labelled=labels(_column(part.entries, "is_labeled"), part.frame).tolist(),
    )
    return part.names, people, marks


def truth_of(parts: list[tuple[Names, People, Marks]], own: Skeleton, origin: Origin) -> Truth:
    """A clip from its parts."""
    marks = [found for _, _, found in parts]
    return Truth(
        sequence=_sequence([(names, people) for names, people, _ in parts], own, origin, None),
        head_boxes=tuple(chain.from_iterable(part.heads for part in marks)),
        ignored=tuple(chain.from_iterable(part.ignored for part in marks)),
        labelled=np.array([is_ for part in marks for is_ in part.labelled], dtype=np.bool_),
    )


def skeleton_in(own: str, given: Skeleton | None, origin: Origin) -> Skeleton:
    """The skeleton `own`, or the one given if it has as many keypoints.

    Raises:
        InputError: it has not.
    """
    n_joints = len(skeleton(own))
    return skeleton_for(n_joints, given, {n_joints: own}, origin.where)


def _sequence(
    parts: list[tuple[Names, People]],
    own: Skeleton,
    origin: Origin,
    score_scale: ScoreScale | None,
) -> Sequence:
    """A clip from the names of frames and the people of its parts."""
    people = People(*map(np.concatenate, zip(*(found for _, found in parts), strict=True)))
    every, scales = _poses(people, score_scale, len(own))
    stops = np.cumsum(people.counts).tolist()
    return Sequence(
        skeleton=own,
        frames=tuple(every[a:b] for a, b in pairwise([0, *stops])),
        image_names=tuple(chain.from_iterable(names for names, _ in parts)),
        name=origin.name,
        score_scales=scales,
        source=origin.source,
    )


def _poses(
    people: People, score_scale: ScoreScale | None, n_joints: int
) -> tuple[Poses, tuple[float, float]]:
    """All people of a file, and what their scores are divided by.

    Of a joint given twice the first counts, as for the evaluator.
    """
    n_people = len(people.scores)
    rows = np.repeat(np.arange(n_people), people.joint_counts)[::-1]
    ids = people.joint_ids[::-1]
    keypoints = np.full((n_people, n_joints, 2), np.nan)
    scores = np.full((n_people, n_joints), np.nan)
    keypoints[rows, ids] = people.points[::-1]
    scores[rows, ids] = people.joint_scores[::-1]
    there = ~np.isnan(keypoints[..., 0])
    scales = Scores.of(np.where(there, scores, 0.0), people.scores).scales(score_scale)
    scored = not np.isnan(people.scores).all()
    poses = Poses.from_keypoints(
        keypoints,
        np.clip(scores / scales[0], 0.0, 1.0),
        np.clip(people.scores / scales[1], 0.0, 1.0) if scored else None,
        track_ids=ids_inside(people.track_ids),
        rows=np.arange(n_people),
    )
    return poses, scales


def _people(part: Part, n_joints: int) -> People:
    """The people of some frames.

    Raises:
        InputError: a field is not what it should be.
    """
    joints = _usual_joints(part.people, n_joints) or _joints(part.people, n_joints, part.person)
    return People(
        np.array(part.counts, dtype=np.int64),
        numbers(*part.column("score")),
        integers(*part.column("track_id")),
        *joints,
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
        counts=np.array(list(map(len, listed)), dtype=np.int64),
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
    counts = np.array(list(map(len, listed)), dtype=np.int64)
    rows = np.repeat(np.arange(len(listed)), counts)

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
    return _Joints(counts, ids, _places(column("x"), column("y")), numbers(*column("score")))


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

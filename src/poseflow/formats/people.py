"""People as AlphaPose and COCO write them: one JSON object each, with keypoints and a score."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import NO_ID, Origin, Poses
from .reading import ORIGINS, Refuse, is_number, numbers, show, to_poses, to_triples, triples

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ORIGIN = "origin"
_RAW = "raw_"


class Fields(NamedTuple):
    """What a format calls the parts of a person.

    Attributes:
        keypoints: x, y, score of K keypoints, flat or in triples.
        scores: names of the pose's score, the one to write first; () = the format has none.
        box: x y of the top left, width, height; "" = the format has none.
        track_id: an integer, or a list of which the first counts.
    """

    keypoints: str
    scores: tuple[str, ...]
    box: str
    track_id: str


class People(NamedTuple):
    """N people as arrays, in the file's own scales.

    Attributes:
        table: (N, K, 3) x, y, score; 0, 0, 0 = missing.
        scores: (N,); nan = absent.
        boxes: (N, 4) x0 y0 x1 y1; nan = absent.
        track_ids: (N,); -1 = none.
        origins: (N,), an `Origin` each.
        raw: (N, K, 3) the table before its keypoints were changed; None = they were not.
    """

    table: FloatArray
    scores: FloatArray
    boxes: FloatArray
    track_ids: IntArray
    origins: NDArray[np.uint8]
    raw: FloatArray | None = None

    def with_ids_from(self, first: int) -> Self:
        """The same people, if the ids of their file count from `first`, with ids from 1."""
        return self._replace(track_ids=ids_from_1(self.track_ids, first))

    def poses(self, scales: tuple[float, float], scored: bool, rows: IntArray) -> Poses:
        """As `Poses`; `scored`: whether any person of the whole file has a score."""
        scores = self.scores if scored else None
        return to_poses(
            self.table, scales, scores, self.boxes, self.track_ids, rows, self.origins, self.raw
        )


def ids_from_1(ids: IntArray, first: int) -> IntArray:
    """(N,) ids that count from 1, of ids that count from `first`, 0 or 1; negative = none.

    What they count from, all ids of a file tell: from 0 if one of them is 0.
    """
    return np.where(ids < 0, NO_ID, ids + (1 - first))


def read_people(
    rows: list[dict[str, Any]],
    fields: Fields,
    n_keypoints: int | None,
    path: Path,
    where: Callable[[int], str],
) -> People:
    """People from the objects of a file.

    Args:
        rows: N objects.
        fields: what the format calls their parts.
        n_keypoints: K of those before; None = that of the first.
        path: for messages.
        where: the place of one of the N in the file, for messages.

    Raises:
        InputError: a field is not what it should be.
    """

    def refusing(field: str) -> Refuse:
        return lambda i, expected, got: InputError(
            f"{path}: {where(i)}: {field}: expected {expected}, got {got}"
        )

    def column(field: str) -> list[Any]:
        return [row.get(field) for row in rows]

    table = triples(column(fields.keypoints), n_keypoints, refusing(fields.keypoints))
    scores = np.full(len(rows), np.nan)
    for name in reversed(fields.scores):
        given = numbers(column(name), refusing(name))
        scores = np.where(np.isnan(given), scores, given)
    boxes = numbers(column(fields.box), refusing(fields.box), shape="x, y, width, height")
    boxes[:, 2:] += boxes[:, :2]
    track_ids = _track_ids(column(fields.track_id), refusing(fields.track_id))
    raw = _RAW + fields.keypoints
    return People(
        table,
        scores,
        boxes,
        track_ids,
        _origins(column(_ORIGIN)),
        _raw(column(raw), table, refusing(raw)),
    )


def _raw(values: list[Any], table: FloatArray, refuse: Refuse) -> FloatArray | None:
    """(N, K, 3) what keypoints were before they were changed; None = nobody's were.

    Those of a person without them are as in the table.
    """
    if all(value is None for value in values):
        return None
    given = [t if v is None else v for v, t in zip(values, table.tolist(), strict=True)]
    return triples(given, table.shape[1], refuse)


def _origins(values: list[Any]) -> NDArray[np.uint8]:
    """(N,) where people come from; a field of another content is somebody else's."""
    known = [ORIGINS.get(value, 0) if type(value) is str else 0 for value in values]
    return np.array(known, dtype=np.uint8)


def _track_ids(values: list[Any], refuse: Refuse) -> IntArray:
    """(N,) ids as they are; -1 for None and for negative ones."""
    ids = np.full(len(values), NO_ID, dtype=np.int64)
    for i, value in enumerate(values):
        if value is None:
            continue
        first = value[0] if isinstance(value, list) and value else value
        if not is_number(first) or first != math.floor(first) or abs(first) >= 2**63:
            raise refuse(i, "an integer, or a list of integers", show(value))
        ids[i] = max(int(first), NO_ID)
    return ids


def is_of(person: dict[str, Any], fields: Fields, n_keypoints: int) -> bool:
    """Whether a person that was read before has K keypoints, flat or in triples."""
    keypoints = person[fields.keypoints]
    nested = bool(keypoints) and isinstance(keypoints[0], list)
    return len(keypoints) == (n_keypoints if nested else 3 * n_keypoints)


def write_people(
    poses: Poses, fields: Fields, scales: tuple[float, float], head: dict[str, Any]
) -> list[dict[str, Any]]:
    """The objects of N poses, from the arrays alone; what is unknown gets no field.

    A pose that no estimator made says so in `origin`, a field of our own; one whose keypoints were
    changed has those before in a field of their name with `raw_` before it.

    Args:
        poses: of one frame.
        fields: what the format calls their parts.
        scales: what scores of keypoints and of poses are multiplied by.
        head: the fields before these.
    """
    table = to_triples(poses, scales[0]).reshape(len(poses), 3 * poses.n_keypoints).tolist()
    scores = (poses.scores * scales[1]).tolist()
    boxes = poses.boxes.copy()
    boxes[:, 2:] -= boxes[:, :2]
    people = []
    for keypoints, score, box, track_id, origin in zip(
        table,
        scores,
        boxes.tolist(),
        poses.track_ids.tolist(),
        poses.origins.tolist(),
        strict=True,
    ):
        person = {**head, fields.keypoints: keypoints}
        if fields.scores and not math.isnan(score):
            person[fields.scores[0]] = score
        if fields.box and not math.isnan(box[0]):
            person[fields.box] = box
        person[fields.track_id] = track_id
        if origin != Origin.DETECTED:
            person[_ORIGIN] = Origin(origin).name.lower()
        people.append(person)
    if poses.raw_keypoints is not None:
        before = dataclasses.replace(poses, keypoints=poses.raw_keypoints)
        raw = to_triples(before, scales[0]).reshape(len(poses), 3 * poses.n_keypoints).tolist()
        for i in np.flatnonzero(poses.origins != Origin.FILLED).tolist():
            people[i][_RAW + fields.keypoints] = raw[i]
    return people

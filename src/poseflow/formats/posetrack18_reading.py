"""Reading PoseTrack's files of 2018 and 2021: poses, and what the truth has beside them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..poses import Poses, Sequence, Source
from ..skeletons import Skeleton, skeleton
from ..truth import Truth
from .documents import Object, objects, read_document
from .format import source_of
from .naming import places, skeleton_of
from .people import Fields, read_people
from .posetrack import ids_inside, labels
from .reading import (
    FloatArray,
    IntArray,
    is_number,
    numbers,
    packed,
    show,
    skeleton_for,
)
from .scales import Scores, ScoreScale

NAME = "posetrack18"
SKELETONS = {17: "posetrack-17", 15: "posetrack-15"}
# PoseTrack's name of a keypoint -> ours, where they differ.
OURS = {"head_bottom": "neck"}
_FIELDS = Fields(keypoints="keypoints", scores=("score",), box="bbox", track_id="track_id")


class _File(NamedTuple):
    """What is in a file.

    Attributes:
        path: for messages.
        source: taken before it was read.
        document: all of it.
        names: of the frames.
        frames: (N,) the frame of each annotation.
    """

    path: Path
    source: Source
    document: Object
    names: tuple[str, ...]
    frames: IntArray

    def annotation(self, i: int) -> str:
        """An annotation as a message names it."""
        frame = int(self.frames[i])
        return f"annotation {i + 1} (image {self.names[frame] or frame + 1})"

    def image(self, i: int) -> str:
        """An image as a message names it."""
        name = f" ({self.names[i]})" if self.names[i] else ""
        return f"{self.path}: image {i + 1}{name}"


def read(path: Path, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    """The poses of a file."""
    return _sequence(_open(path), given, score_scale)


def read_truths(path: Path, given: Skeleton | None) -> tuple[Truth, ...]:
    """The one truth of a file."""
    file = _open(path)
    sequence = _sequence(file, given, None)
    images = file.document["images"]
    heads = numbers(
        [annotation.get("bbox_head") or None for annotation in file.document["annotations"]],
        lambda i, expected, got: InputError(
            f"{path}: {file.annotation(i)}: bbox_head: expected {expected}, got {got}"
        ),
        shape="x, y, width, height",
    )
    heads[:, 2:] += heads[:, :2]
    truth = Truth(
        sequence=sequence,
        head_boxes=tuple(heads[poses.rows] for poses in sequence.frames),
        ignored=tuple(_ignored(image, file.image(i)) for i, image in enumerate(images)),
        labelled=labels([image.get("is_labeled") for image in images], file.image),
    )
    return (truth,)


def _open(path: Path) -> _File:
    source = source_of(path, NAME)
    document = read_document(path, "images", "annotations")
    names = tuple(map(name_of, document["images"]))
    return _File(path, source, document, names, frame_of(document, path))


def _sequence(file: _File, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    own, columns = skeleton_in(file.document, given, file.path)
    every, scales = _poses(
        file.document["annotations"], columns, file.path, score_scale, file.annotation
    )
    order = np.argsort(file.frames, kind="stable")
    bounds = np.searchsorted(file.frames[order], np.arange(len(file.names) + 1)).tolist()
    return Sequence(
        skeleton=own,
        frames=tuple(every[order[a:b]] for a, b in pairwise(bounds)),
        image_names=file.names,
        name=file.path.stem,
        score_scales=scales,
        source=file.source,
    )


def _ignored(image: Object, where: str) -> tuple[FloatArray, ...]:
    """The polygons of an image in which nothing is annotated; flat lists are the only one."""
    xs, ys = (_regions(image, axis, where) for axis in "xy")
    if list(map(len, xs)) != list(map(len, ys)):
        raise InputError(
            f"{where}: ignore_regions_y: expected as many numbers as in ignore_regions_x, "
            f"got {show(list(map(len, ys)))} and not {show(list(map(len, xs)))}"
        )
    return tuple(np.stack([x, y], axis=1) for x, y in zip(xs, ys, strict=True) if len(x))


def _regions(image: Object, axis: str, where: str) -> list[FloatArray]:
    """One coordinate of the points of each region."""
    field = f"ignore_regions_{axis}"
    given = image.get(field) or []
    nested = isinstance(given, list) and all(isinstance(region, list) for region in given)
    regions = given if nested else [given]

    def refuse(_: int, expected: str, got: str) -> InputError:
        return InputError(f"{where}: {field}: expected {expected}, got {got}")

    for region in regions:
        if not isinstance(region, list) or None in region:
            raise refuse(0, "a list of numbers for each region", show(region))
    return [numbers(region, refuse) for region in regions]


def name_of(image: Object) -> str:
    """The name of an image; "" = it has none."""
    name = image.get("file_name")
    return name if isinstance(name, str) else ""


def frame_of(document: Object, path: Path) -> IntArray:
    """(N,) the frame of each annotation."""
    frame: dict[int | str, int] = {}
    for i, image in enumerate(document["images"]):
        if type(image.get("id")) not in (int, str) or image["id"] in frame:
            raise InputError(
                f"{path}: image {i + 1}: id: expected a number or name that no other image has, "
                f"got {show(image.get('id'))}"
            )
        frame[image["id"]] = i
    ids = [annotation.get("image_id") for annotation in document["annotations"]]
    for i, image_id in enumerate(ids, start=1):
        if type(image_id) not in (int, str) or image_id not in frame:
            raise InputError(
                f"{path}: annotation {i}: image_id: expected the id of an image, "
                f"got {show(image_id)}"
            )
    return np.array([frame[image_id] for image_id in ids], dtype=np.int64)


def skeleton_in(document: Object, given: Skeleton | None, path: Path) -> tuple[Skeleton, list[int]]:
    """What the keypoints are, and where each of them stands in the file."""
    names = [OURS.get(name, name) for name in _category_names(document, path)]
    if not names:
        n_keypoints = n_keypoints_in(document, path) or len(given or skeleton(SKELETONS[17]))
        own = skeleton_for(n_keypoints, given, SKELETONS, path)
        return own, list(range(n_keypoints))
    try:
        own = given or skeleton_of(names, "custom")
    except InputError as error:
        raise InputError(f"{path}: categories 1: {error}") from error
    if set(own.keypoints) == set(names):
        return own, places(own, names)
    # A skeleton of the user's own may call keypoints by other names: it goes by their order.
    return skeleton_for(len(names), given, {}, path), list(range(len(names)))


def _category_names(document: Object, path: Path) -> list[str]:
    """The names of the keypoints in the first category; [] = it has none."""
    categories = objects(document.get("categories", []), f"{path}: categories")
    names = categories[0].get("keypoints", []) if categories else []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{path}: categories 1: keypoints: expected names, got {show(names)}")
    return names


def n_keypoints_in(document: Object, path: Path) -> int:
    """K by the category, else by the first annotation that has keypoints; 0 = nothing tells."""
    lists = (annotation.get("keypoints") for annotation in document["annotations"])
    first = next((len(values) // 3 for values in lists if isinstance(values, list) and values), 0)
    return len(_category_names(document, path)) or first


def _poses(
    annotations: list[Object],
    columns: list[int],
    path: Path,
    score_scale: ScoreScale | None,
    where: Callable[[int], str],
) -> tuple[Poses, tuple[float, float]]:
    """All people of a file, and what their scores are divided by."""
    people = read_people(
        [_complete(annotation, len(columns)) for annotation in annotations],
        _FIELDS,
        len(columns),
        path,
        where,
    )
    joint_scores = _scores(annotations, len(columns), path, where)
    scales = Scores.of(joint_scores, people.scores).scales(score_scale)
    # The third number is the visibility of a label, not a score. The evaluator takes a joint for
    # missing if all three are 0, and a hidden joint that has a place for a joint.
    missing = (people.table == 0).all(axis=2, keepdims=True)
    keypoints = np.where(missing, np.nan, people.table[..., :2])
    scored = not np.isnan(people.scores).all()
    poses = Poses.from_keypoints(
        keypoints[:, columns],
        np.clip(joint_scores[:, columns] / scales[0], 0.0, 1.0),
        np.clip(people.scores / scales[1], 0.0, 1.0) if scored else None,
        people.boxes,
        ids_inside(people.track_ids),
        np.arange(len(annotations)),
    )
    return poses, scales


def _complete(annotation: Object, n_keypoints: int) -> Object:
    """An annotation with keypoints, though it may have none; an empty box is none."""
    nothing: Object = {"keypoints": [0] * (3 * n_keypoints), "bbox": None}
    absent = {k: v for k, v in nothing.items() if annotation.get(k) in (None, [])}
    return annotation | absent


def _scores(
    annotations: list[Object], n_keypoints: int, path: Path, where: Callable[[int], str]
) -> FloatArray:
    """(N, K) the scores of the keypoints in the file's order; nan where a person has none."""
    table = np.full((len(annotations), n_keypoints), np.nan)
    every: list[Any] = [annotation.get("scores") for annotation in annotations]
    present = [i for i, scores in enumerate(every) if scores not in (None, [])]
    if all(type(every[i]) is list and len(every[i]) == n_keypoints for i in present):
        array = packed(list(chain.from_iterable(every[i] for i in present)))
        if array is not None:
            table[present] = array.reshape(len(present), n_keypoints)
            return table
    # Something is unusual: find out what, one list at a time.
    for i in present:
        scores, what = every[i], f"{path}: {where(i)}: scores"
        if not isinstance(scores, list) or len(scores) != n_keypoints:
            raise InputError(f"{what}: expected {n_keypoints} numbers, got {show(scores)}")
        for j, score in enumerate(scores, start=1):
            if not is_number(score):
                raise InputError(f"{what}: expected numbers, got {show(score)} as score {j}")
        table[i] = scores
    return table

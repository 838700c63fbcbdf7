"""PoseTrack's format of 2018 and 2021: COCO's `images`, `annotations` and `categories`.

Frames are the images in the file's order. What the keypoints are is told by their names in the
category. Head boxes, labels, ignore regions and all else stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, pairwise
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..poses import Poses, Sequence
from ..skeletons import Skeleton, skeleton
from .documents import Object, objects, read_document, source_frames, write_document
from .fitting import fitted
from .format import Format, Sample, own_source, source_of
from .naming import places, skeleton_of
from .people import Fields, read_people
from .posetrack import ids_inside, with_id
from .reading import FloatArray, IntArray, is_number, score_scales, show, skeleton_for

_NAME = "posetrack18"
_LISTS = ("images", "annotations", "categories")
_SKELETONS = {17: "posetrack-17", 15: "posetrack-15"}
_FIELDS = Fields(keypoints="keypoints", scores=("score",), box="bbox", track_id="track_id")
# PoseTrack's name of a keypoint -> ours, where they differ.
_OURS = {"head_bottom": "neck"}
_THEIRS = {ours: theirs for theirs, ours in _OURS.items()}
_with_id = partial(with_id, wrapped=False)


def _recognise(sample: Sample) -> bool:
    content = sample.json
    return (
        sample.files is None
        and isinstance(content, dict)
        and any(isinstance(content.get(name), list) for name in _LISTS)
    )


# ---------------------------------------------------------------- reading


def _read(path: Path, given: Skeleton | None, score_scale: float | None) -> Sequence:
    source = source_of(path, _NAME)
    document = read_document(path, "images", "annotations")
    annotations = document["annotations"]
    names = tuple(map(_name, document["images"]))
    frame_of = _frame_of(document, path)
    own, columns = _skeleton(document, given, path)
    every, scales = _poses(
        annotations,
        columns,
        path,
        score_scale,
        lambda i: f"annotation {i + 1} (image {names[frame_of[i]] or frame_of[i] + 1})",
    )
    order = np.argsort(frame_of, kind="stable")
    bounds = np.searchsorted(frame_of[order], np.arange(len(names) + 1)).tolist()
    return Sequence(
        skeleton=own,
        frames=tuple(every[order[a:b]] for a, b in pairwise(bounds)),
        image_names=names,
        name=path.stem,
        score_scales=scales,
        source=source,
    )


def _name(image: Object) -> str:
    name = image.get("file_name")
    return name if isinstance(name, str) else ""


def _frame_of(document: Object, path: Path) -> IntArray:
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


def _skeleton(document: Object, given: Skeleton | None, path: Path) -> tuple[Skeleton, list[int]]:
    """What the keypoints are, and where each of them stands in the file."""
    names = [_OURS.get(name, name) for name in _category_names(document, path)]
    if not names:
        n_keypoints = _n_keypoints(document, path) or len(given or skeleton(_SKELETONS[17]))
        own = skeleton_for(n_keypoints, given, _SKELETONS, path)
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


def _n_keypoints(document: Object, path: Path) -> int:
    """K by the category, else by the first annotation that has keypoints; 0 = nothing tells."""
    lists = (annotation.get("keypoints") for annotation in document["annotations"])
    first = next((len(values) // 3 for values in lists if isinstance(values, list) and values), 0)
    return len(_category_names(document, path)) or first


def _poses(
    annotations: list[Object],
    columns: list[int],
    path: Path,
    score_scale: float | None,
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
    scales = score_scales(
        float(np.fmax.reduce(joint_scores, axis=None, initial=0.0)),
        float(np.fmax.reduce(people.scores, initial=0.0)),
        score_scale,
    )
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
    for i, annotation in enumerate(annotations):
        scores = annotation.get("scores")
        if scores in (None, []):
            continue
        what = f"{path}: {where(i)}: scores"
        if not isinstance(scores, list) or len(scores) != n_keypoints:
            raise InputError(f"{what}: expected {n_keypoints} numbers, got {show(scores)}")
        for j, score in enumerate(scores, start=1):
            if not is_number(score):
                raise InputError(f"{what}: expected numbers, got {show(score)} as score {j}")
        table[i] = scores
    return table


# ---------------------------------------------------------------- writing


def _write(path: Path, sequence: Sequence) -> None:
    """A file of predictions; from another format with PoseTrack's 17 keypoints, or its 15."""
    own = own_source(sequence, _NAME)
    document = {} if own is None else read_document(own, "images", "annotations")
    if own is None or _n_keypoints(document, own) not in (0, len(sequence.skeleton)):
        fields, people = _new(fitted(sequence, POSETRACK18))
    else:
        fields, people = _given_back(sequence, document, own)
    write_document(path, fields, "annotations", people)


def _given_back(
    sequence: Sequence, document: Object, path: Path
) -> tuple[Object, Iterator[Object]]:
    """The source with what the sequence still has of it, and with new images for new people."""
    source, annotations = document["images"], document["annotations"]
    _, columns = _skeleton(document, sequence.skeleton, path)
    frame_of = _frame_of(document, path)
    names = [_name(image) for image in source]
    kept: dict[int, int] = {}
    used: set[int] = set()
    made: list[Object] = []
    others: list[tuple[Object, Poses]] = []
    ids = _unused(source)
    for i, poses, k in source_frames(sequence, names, frame_of):
        kept |= zip(poses.rows.tolist(), poses.track_ids.tolist(), strict=True)
        new = poses[poses.rows < 0]
        if k is not None:
            used.add(k)
        elif len(new):
            made.append(_image(sequence, i, next(ids)))
        if len(new):
            others.append((made[-1] if k is None else source[k], new))
    used |= set(frame_of[[row for row in kept if row >= 0]].tolist())
    images = [image for k, image in enumerate(source) if k in used] + made

    def people() -> Iterator[Object]:
        yield from (_with_id(a, kept[row]) for row, a in enumerate(annotations) if row in kept)
        annotation_ids = _unused(annotations)
        for image, poses in others:
            yield from _made(poses, columns, image["id"], sequence.score_scales, annotation_ids)

    return document | {"images": images}, people()


def _new(sequence: Sequence) -> tuple[Object, Iterator[Object]]:
    """A document made from arrays."""
    keypoints = [_THEIRS.get(name, name) for name in sequence.skeleton.keypoints]
    person = {"id": 1, "name": "person", "supercategory": "person", "keypoints": keypoints}
    images = [_image(sequence, i, i + 1) for i in range(len(sequence))]

    def people() -> Iterator[Object]:
        ids, columns = count(1), list(range(len(keypoints)))
        for image, poses in zip(images, sequence.frames, strict=True):
            yield from _made(poses, columns, image["id"], sequence.score_scales, ids)

    return {"images": images, "categories": [person]}, people()


def _image(sequence: Sequence, i: int, image_id: int) -> Object:
    return {
        "id": image_id,
        "frame_id": i,
        "file_name": sequence.image_names[i] or f"{i:06d}.jpg",
        "vid_id": sequence.name,
        "nframes": len(sequence),
    }


def _unused(source: list[Object]) -> Iterator[int]:
    """Ids that no object of a list has."""
    return count(max((i for s in source if type(i := s.get("id")) is int), default=0) + 1)


def _made(
    poses: Poses,
    columns: list[int],
    image_id: int | str,
    scales: tuple[float, float],
    ids: Iterator[int],
) -> Iterator[Object]:
    """Annotations made from arrays; `columns`: where each keypoint stands in the file."""
    order = np.argsort(columns)
    points = poses.keypoints[:, order].tolist()
    joint_scores = (poses.keypoint_scores[:, order] * scales[0]).tolist()
    corners, sizes = poses.boxes[:, :2], poses.boxes[:, 2:] - poses.boxes[:, :2]
    boxes = np.concatenate([corners, sizes], axis=1).tolist()
    pose_scores = (poses.scores * scales[1]).tolist()
    for keypoints, scores, box, score, track_id in zip(
        points, joint_scores, boxes, pose_scores, poses.track_ids.tolist(), strict=True
    ):
        found = [not math.isnan(x) for x, _ in keypoints]
        person: Object = {"id": next(ids), "image_id": image_id, "category_id": 1}
        person["keypoints"] = [
            number
            for (x, y), is_found in zip(keypoints, found, strict=True)
            for number in ((x, y, 1) if is_found else (0, 0, 0))
        ]
        # A list has no place for "unknown" but being absent; the evaluator's converter, too,
        # writes 0 for the one joint of several whose score it does not know.
        if any(f and not math.isnan(s) for f, s in zip(found, scores, strict=True)):
            person["scores"] = [0.0 if math.isnan(s) else s for s in scores]
        if not math.isnan(score):
            person["score"] = score
        if not math.isnan(box[0]):
            person["bbox"] = box
        yield _with_id(person, track_id)


POSETRACK18 = Format(
    name=_NAME,
    recognise=_recognise,
    read=_read,
    write=_write,
    suffix=".json",
    skeletons=tuple(_SKELETONS.values()),
    loses=frozenset({"times", "image_size"}),
)

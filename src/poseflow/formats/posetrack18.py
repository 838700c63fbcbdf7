"""PoseTrack's format of 2018 and 2021: COCO's `images`, `annotations` and `categories`.

Frames are the images in the file's order. What the keypoints are is told by their names in the
category. Head boxes, labels, ignore regions and all else stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np

from ..poses import Poses, Sequence
from ..truth import Truth
from .documents import Object, read_document, source_frames, write_document
from .fitting import fitted
from .format import Format, Sample, own_source
from .posetrack import frame_words, refuse_ids, with_id
from .posetrack18_reading import (
    NAME,
    OURS,
    SKELETONS,
    frame_of,
    n_keypoints_in,
    name_of,
    read,
    read_truths,
    skeleton_in,
)

_LISTS = ("images", "annotations", "categories")
_THEIRS = {ours: theirs for theirs, ours in OURS.items()}
_with_id = partial(with_id, wrapped=False)


def _recognise(sample: Sample) -> bool:
    content = sample.json
    return (
        sample.files is None
        and isinstance(content, dict)
        and any(isinstance(content.get(name), list) for name in _LISTS)
    )


def _write(path: Path, sequence: Sequence) -> None:
    """A file of predictions; from another format with PoseTrack's 17 keypoints, or its 15."""
    own = own_source(sequence, NAME)
    document = {} if own is None else read_document(own, "images", "annotations")
    if own is None or n_keypoints_in(document, own) not in (0, len(sequence.skeleton)):
        fields, people = _new(fitted(sequence, POSETRACK18), path)
    else:
        fields, people = _given_back(sequence, document, own, path)
    write_document(path, fields, "annotations", people)


def _write_truth(path: Path, truth: Truth) -> None:
    """A file of ground truth, made from the arrays."""
    fields, people = _new(fitted(truth.sequence, POSETRACK18), path)
    heads = np.concatenate([np.empty((0, 4)), *truth.head_boxes])
    heads[:, 2:] -= heads[:, :2]
    for image, labelled, polygons in zip(
        fields["images"], truth.labelled.tolist(), truth.ignored, strict=True
    ):
        image["is_labeled"] = labelled
        for axis, field in enumerate(("ignore_regions_x", "ignore_regions_y")):
            image[field] = [polygon[:, axis].tolist() for polygon in polygons]
    marked = (
        person if math.isnan(box[0]) else person | {"bbox_head": box}
        for person, box in zip(people, heads.tolist(), strict=True)
    )
    write_document(path, fields, "annotations", marked)


def _given_back(
    sequence: Sequence, document: Object, own: Path, path: Path
) -> tuple[Object, Iterator[Object]]:
    """The source with what the sequence still has of it, and with new images for new people."""
    source, annotations = document["images"], document["annotations"]
    _, columns = skeleton_in(document, sequence.skeleton, own)
    frames = frame_of(document, own)
    names = [name_of(image) for image in source]
    kept: dict[int, int] = {}
    used: set[int] = set()
    made: list[Object] = []
    others: list[tuple[Object, Poses]] = []
    ids = _unused(source)
    for i, poses, k in source_frames(sequence, names, frames):
        refuse_ids(poses, f"{path}: {frame_words(i, sequence.image_names[i])}")
        kept |= zip(poses.rows.tolist(), poses.track_ids.tolist(), strict=True)
        new = poses[poses.rows < 0]
        if k is not None:
            used.add(k)
        elif len(new):
            made.append(_image(sequence, i, next(ids)))
        if len(new):
            others.append((made[-1] if k is None else source[k], new))
    used |= set(frames[[row for row in kept if row >= 0]].tolist())
    images = [image for k, image in enumerate(source) if k in used] + made

    def people() -> Iterator[Object]:
        yield from (_with_id(a, kept[row]) for row, a in enumerate(annotations) if row in kept)
        annotation_ids = _unused(annotations)
        for image, poses in others:
            yield from _made(poses, columns, image["id"], sequence.score_scales, annotation_ids)

    return document | {"images": images}, people()


def _new(sequence: Sequence, path: Path) -> tuple[Object, Iterator[Object]]:
    """A document made from arrays."""
    keypoints = [_THEIRS.get(name, name) for name in sequence.skeleton.keypoints]
    person = {"id": 1, "name": "person", "supercategory": "person", "keypoints": keypoints}
    images = [_image(sequence, i, i + 1) for i in range(len(sequence))]

    def people() -> Iterator[Object]:
        ids, columns = count(1), list(range(len(keypoints)))
        for i, (image, poses) in enumerate(zip(images, sequence.frames, strict=True)):
            refuse_ids(poses, f"{path}: {frame_words(i, sequence.image_names[i])}")
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
    name=NAME,
    recognise=_recognise,
    read=read,
    write=_write,
    suffix=".json",
    skeletons=tuple(SKELETONS.values()),
    loses=frozenset({"times", "image_size"}),
    read_truths=read_truths,
    write_truth=_write_truth,
)

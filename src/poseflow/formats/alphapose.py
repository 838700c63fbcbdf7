"""AlphaPose: one list for the whole clip (its default), and people by image ("forvis")."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..poses import Sequence
from ..skeletons import Skeleton
from .format import Format, Sample, own_source, source_of
from .images import merge, read_images, write_object
from .lists import Dialect, frames_by_name, image_ids, look_through, sequence_of, write_list
from .people import Fields
from .reading import names_to_write, parse, read_bytes, show
from .scales import ScoreScale

SKELETONS = {
    17: "coco-17",
    16: "mpii-16",
    15: "posetrack-15",
    18: "openpose-18",
    25: "body-25",
    26: "halpe-26",
    136: "halpe-136",
    133: "coco-wholebody-133",
}
"""What K keypoints in a file of AlphaPose's are, unless the user says otherwise."""

TRAITS = frozenset({"box", "idx", "pred_xyz_jts"})
"""Fields that AlphaPose's rows have and COCO's results do not."""

LIST_FIELDS = Fields("keypoints", ("score", "scores"), "box", "idx")
FORVIS_FIELDS = Fields("keypoints", ("scores", "score"), "box", "idx")

_DIALECT = Dialect("alphapose", LIST_FIELDS, SKELETONS, image_ids)


def is_row(value: Any) -> bool:
    """Whether a list that begins with this is AlphaPose's or COCO's list of people."""
    return isinstance(value, dict) and ("keypoints" in value or "image_id" in value)


def is_coco_row(value: Any) -> bool:
    """Whether such a row is COCO's: images have numbers, and no field is AlphaPose's own."""
    return is_row(value) and type(value.get("image_id")) is int and not TRAITS & value.keys()


def _recognise_list(sample: Sample) -> bool:
    rows = sample.json
    if sample.files is not None or not isinstance(rows, list):
        return False
    return not rows or (is_row(rows[0]) and not is_coco_row(rows[0]))


def _read_list(path: Path, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    found = look_through(path, _DIALECT)
    return sequence_of(found, _DIALECT, given, score_scale, *frames_by_name(found))


def _write_list(path: Path, sequence: Sequence) -> None:
    write_list(path, sequence, _DIALECT, names_to_write(sequence))


def _recognise_forvis(sample: Sample) -> bool:
    images = sample.json
    if sample.files is not None or not isinstance(images, dict):
        return False
    # PoseTrack's files are objects of lists too, and their keypoints may be names.
    if images.keys() & {"annolist", "images", "annotations", "categories"}:
        return False
    if not all(isinstance(people, list) for people in images.values()):
        return False
    first = next((people[0] for people in images.values() if people), None)
    return first is None or (isinstance(first, dict) and "keypoints" in first)


def _load_forvis(path: Path, text: bytes) -> dict[str, list[Any]]:
    images = parse(text, path)
    if not isinstance(images, dict):
        raise InputError(f"{path}: expected an object of lists by image name, got {show(images)}")
    for name, people in images.items():
        if not isinstance(people, list):
            raise InputError(f"{path}: image {name}: expected a list of people, got {show(people)}")
    return images


def _read_forvis(path: Path, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    source = source_of(path, "alphapose-forvis")
    images = _load_forvis(path, read_bytes(path))
    return read_images(images, FORVIS_FIELDS, source, given, score_scale, SKELETONS)


def _write_forvis(path: Path, sequence: Sequence) -> None:
    source = own_source(sequence, "alphapose-forvis")
    # The standard library keeps what orjson does not: nan, and integers of any length.
    images = json.loads(read_bytes(source)) if source else {}
    write_object(path, merge(images, sequence, FORVIS_FIELDS))


ALPHAPOSE = Format(
    name="alphapose",
    recognise=_recognise_list,
    read=_read_list,
    write=_write_list,
    suffix=".json",
    loses=frozenset({"empty frames", "times", "image_size"}),
)

FORVIS = Format(
    name="alphapose-forvis",
    recognise=_recognise_forvis,
    read=_read_forvis,
    write=_write_forvis,
    suffix=".json",
    loses=frozenset({"times", "image_size"}),
)

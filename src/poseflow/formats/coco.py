"""COCO keypoint results: one list for the whole clip, images by number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import natural_key
from ..poses import Sequence
from ..skeletons import Skeleton
from .alphapose import is_coco_row
from .format import Format, Sample
from .lists import Dialect, Found, frames_by_name, look_through, sequence_of, write_list
from .people import Fields
from .reading import Refuse, names_to_write, number_in, parse, read_bytes, show
from .scales import ScoreScale

_FIELDS = Fields("keypoints", ("score",), "bbox", "track_id")
_SKELETONS = {17: "coco-17", 133: "coco-wholebody-133"}


def _check_image(values: list[Any], refuse: Refuse) -> None:
    for i, value in enumerate(values):
        if type(value) is not int:
            raise refuse(i, "an integer", show(value))


_DIALECT = Dialect("coco", _FIELDS, _SKELETONS, _check_image)


def _recognise(sample: Sample) -> bool:
    rows = sample.json
    return sample.files is None and isinstance(rows, list) and bool(rows) and is_coco_row(rows[0])


def read(
    path: Path,
    given: Skeleton | None,
    score_scale: ScoreScale | None,
    images: Path | None = None,
    *,
    several: bool = False,
) -> Sequence:
    """The clip of a results file.

    Args:
        path: of the results.
        given: skeleton; None = by the number of keypoints.
        score_scale: the largest possible keypoint score, or this and the pose score;
            None = see `scales.Scores`.
        images: annotation file, or list of images, that names them, or a folder of such files;
            every image of the results' video is a frame then. None = frames are named by their
            image_id.
        several: whether the results may be of several videos, one after the other.

    Raises:
        InputError: a file cannot be read or has a mistake, or the results are of several videos.
    """
    found = look_through(path, _DIALECT)
    if images is None:
        return sequence_of(found, _DIALECT, given, score_scale, *frames_by_name(found))
    frames = _frames(found, _load_images(images), images, several)
    frame = {image["id"]: i for i, image in enumerate(frames)}
    sequence = sequence_of(
        found,
        _DIALECT,
        given,
        score_scale,
        tuple(image["file_name"] for image in frames),
        np.array([frame[image_id] for image_id in found.images], dtype=np.int64),
    )
    return replace(sequence, image_size=_size(frames))


def _load_images(path: Path) -> dict[str | int, dict[str, Any]]:
    """The images that a file names, or the JSON files of a folder, by id."""
    files = [path]
    if path.is_dir():
        files = sorted(path.glob("*.json"), key=lambda file: natural_key(file.name))
        if not files:
            raise InputError(f"{path}: expected JSON files that list images, found none")
    images: dict[str | int, dict[str, Any]] = {}
    for file in files:
        for i, image in enumerate(_images_of(file), start=1):
            if images.setdefault(image["id"], image) is not image:
                raise InputError(
                    f"{file}: image {i}: id: expected another than {image['id']}, which is that of "
                    f"{images[image['id']]['file_name']}, got it again for {image['file_name']}"
                )
    return images


def _images_of(path: Path) -> list[dict[str, Any]]:
    """The images that a file names."""
    content = parse(read_bytes(path), path)
    images = content.get("images") if isinstance(content, dict) else content
    if not isinstance(images, list):
        raise InputError(f"{path}: images: expected a list, got {show(images)}")
    for i, image in enumerate(images, start=1):
        if not isinstance(image, dict):
            raise InputError(f"{path}: image {i}: expected an object, got {show(image)}")
        for field, kind, expected in (("id", int, "an integer"), ("file_name", str, "a name")):
            if type(image.get(field)) is not kind:
                raise InputError(
                    f"{path}: image {i}: {field}: expected {expected}, got {show(image.get(field))}"
                )
    return images


def _frames(
    found: Found, listed: dict[str | int, dict[str, Any]], path: Path, several: bool
) -> list[dict[str, Any]]:
    """The images of the video that the results are of, in order of time."""
    for i, image_id in enumerate(found.images):
        if image_id not in listed:
            row = int(np.argmax(found.image_of == i)) + 1
            raise InputError(
                f"{found.rows.path}: row {row}: image_id: expected one of the {len(listed)} "
                f"images of {path}, got {image_id}"
            )
    used = [listed[image_id] for image_id in found.images] or list(listed.values())
    videos = {_video(image) for image in used}
    if len(videos) > 1 and not several:
        raise InputError(
            f"{found.rows.path}: expected the results of one video, got {len(videos)} of them by "
            f"video_id in {path}"
        )
    frames = [image for image in listed.values() if _video(image) in videos]
    if len(videos) < 2 and all(type(image.get("frame_id")) is int for image in frames):
        return sorted(frames, key=lambda image: image["frame_id"])
    return sorted(frames, key=lambda image: natural_key(image["file_name"]))


def _video(image: dict[str, Any]) -> object:
    """What tells the videos apart; PoseTrack calls it vid_id."""
    return str(image.get("video_id", image.get("vid_id")))


def _size(images: list[dict[str, Any]]) -> tuple[int, int] | None:
    """Width and height, where all images say the same."""
    sizes = {(show(image.get("width")), show(image.get("height"))) for image in images}
    first = images[0] if len(sizes) == 1 else {}
    width, height = first.get("width"), first.get("height")
    return (width, height) if type(width) is int and type(height) is int else None


def _write(path: Path, sequence: Sequence) -> None:
    names = names_to_write(sequence)
    numbers = [number for name in names if (number := number_in(name)) is not None]
    if len(set(numbers)) < len(names):
        numbers = list(range(len(names)))
    write_list(path, sequence, _DIALECT, numbers)


COCO = Format(
    name="coco",
    recognise=_recognise,
    read=read,
    write=_write,
    suffix=".json",
    skeletons=tuple(_SKELETONS.values()),
    others=True,
    loses=frozenset({"empty frames", "image_names", "times", "image_size"}),
)

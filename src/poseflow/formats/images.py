"""People grouped by image, AlphaPose's other way: a name, and the people in that image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, count
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..errors import InputError
from ..files import whole_file
from ..poses import Poses, Sequence, Source
from ..skeletons import Skeleton, skeleton
from .people import Fields, is_of, read_people, write_people
from .reading import frame_names, names_to_write, show, skeleton_for
from .scales import Scores, ScoreScale


def read_images(
    images: Mapping[str, list[Any]],
    fields: Fields,
    source: Source,
    given: Skeleton | None,
    score_scale: ScoreScale | None,
    skeletons: Mapping[int, str],
) -> Sequence:
    """The clip of people grouped by image.

    Args:
        images: name -> the people in it, as the file has them.
        fields: what the format calls the parts of a person.
        source: the file.
        given: skeleton; None = the format's own for the number of keypoints.
        score_scale: the largest possible keypoint score, or this and the pose score;
            None = see `scales.Scores`.
        skeletons: K -> name of the skeleton of K keypoints; the first is that of a file of none.

    Raises:
        InputError: a person is not what it should be.
    """
    path = Path(source.path)
    owners = [(name, i) for name, people in images.items() for i in range(len(people))]

    def where(i: int) -> str:
        return f"image {owners[i][0]}: person {owners[i][1] + 1}"

    rows = [person for people in images.values() for person in people]
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InputError(f"{path}: {where(i)}: expected an object, got {show(row)}")
    people = read_people(rows, fields, None, path, where)
    people = people.with_ids_from(0 if (people.track_ids == 0).any() else 1)
    if rows:
        kind = skeleton_for(people.table.shape[1], given, skeletons, path)
    else:
        kind = given or skeleton(next(iter(skeletons.values())))
    scales = Scores.of(people.table[..., 2], people.scores).scales(score_scale)
    scored = bool((~np.isnan(people.scores)).any())
    every = people.poses(scales, scored, np.arange(len(rows))) if rows else Poses.empty(len(kind))
    names = frame_names(images)
    stops = dict(zip(images, accumulate(map(len, images.values())), strict=True))
    spans = {name: slice(stop - len(images[name]), stop) for name, stop in stops.items()}
    return Sequence(
        skeleton=kind,
        frames=tuple(every[spans.get(name, slice(0))] for name in names),
        image_names=names,
        name=path.stem,
        score_scales=scales,
        source=source,
    )


def merge(
    images: Mapping[str, list[dict[str, Any]]], sequence: Sequence, fields: Fields
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The people of a sequence by image: those read from `images` as they are there, with ids.

    Args:
        images: what the sequence was read from, name -> people; {} = from nowhere. Where its people
            have another number of keypoints than the sequence, it is not used either.
        sequence: whose poses say by their `rows` which of these people they are.
        fields: what the format calls the parts of a person.

    Yields:
        Name and people of each image of the sequence that `images` has, even without people, and
        of each frame with others; of every frame where `images` is not used.
    """
    scales = sequence.score_scales
    first_people = next((people for people in images.values() if people), None)
    if first_people is None or not is_of(first_people[0], fields, len(sequence.skeleton)):
        for name, poses in zip(names_to_write(sequence), sequence.frames, strict=True):
            yield name, write_people(poses, fields, scales, {})
        return
    ids: dict[int, int] = {}
    others: dict[str, list[dict[str, Any]]] = {}
    for name, poses in zip(sequence.image_names, sequence.frames, strict=True):
        ids.update(zip(poses.rows.tolist(), poses.track_ids.tolist(), strict=True))
        if (poses.rows < 0).any():
            others[name] = write_people(poses[poses.rows < 0], fields, scales, {})
    present = set(sequence.image_names)
    rows = count()
    for name, people in images.items():
        numbered = [(next(rows), person) for person in people]
        if name in present:
            kept = [_with_id(p, fields.track_id, ids[row]) for row, p in numbered if row in ids]
            yield name, kept + others.pop(name, [])
    yield from others.items()


def _with_id(person: dict[str, Any], field: str, track_id: int) -> dict[str, Any]:
    """A person with its id; a list of ids that begins with it already says so and stays."""
    given = person.get(field)
    if isinstance(given, list) and given and given[0] == track_id:
        return person
    return {**person, field: track_id}


def write_object(path: Path, items: Iterable[tuple[str, Any]]) -> None:
    """A JSON object, a field a line; whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    with whole_file(path) as temporary, temporary.open("wb") as file:
        separator = b"{"
        for name, value in items:
            file.write(separator + dump(name) + b": " + dump(value))
            separator = b",\n"
        file.write(b"{}\n" if separator == b"{" else b"}\n")


def dump(value: Any) -> bytes:
    """A value as JSON, with the nan, infinities and long integers that the standard allows."""
    try:
        text = orjson.dumps(value)
    except TypeError:
        text = b"null"
    # orjson writes null for nan.
    return text if b"null" not in text else json.dumps(value).encode()

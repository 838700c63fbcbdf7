"""AlphaPose's two imitations of OpenPose, "cmu" and "open": by image, in OpenPose's COCO-18 order.

One file of all images, or a folder (`sep-json`) of one file an image.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from ..files import natural_key, whole_folder
from ..poses import Sequence
from ..skeletons import Skeleton
from .format import Format, Sample, own_source, source_of
from .images import dump, merge, read_images, write_object
from .people import Fields
from .reading import parse, read_bytes, show
from .scales import ScoreScale

_SKELETONS = {18: "openpose-18"}


class _Form(NamedTuple):
    """One of the two: its name in `FORMATS`, its list of people, and what a person is made of."""

    name: str
    people: str
    fields: Fields


_CMU = _Form("alphapose-cmu", "bodies", Fields("joints", (), "", "idx"))
_OPEN = _Form("alphapose-open", "people", Fields("pose_keypoints_2d", (), "", "idx"))


def _recognise(form: _Form, sample: Sample) -> bool:
    if sample.files is None:
        images = sample.json if isinstance(sample.json, dict) else {}
        entry = next(iter(images.values()), None)
    else:
        entry = sample.json
        # OpenPose's own folders hold the same kind of entry; they tell by the names of the files.
        if any(name.endswith("_keypoints.json") for name in sample.files):
            return False
    return isinstance(entry, dict) and isinstance(entry.get(form.people), list)


def _load(form: _Form, path: Path, parse_: Callable[[bytes, Path], Any]) -> dict[str, Any]:
    """Name of image -> what the file says of it, {"version": …, "people": […]}."""
    if path.is_dir():
        files = sorted(path.glob("*.json"), key=lambda file: natural_key(file.name))
        entries = {file.stem: parse_(read_bytes(file), file) for file in files}
    else:
        entries = parse_(read_bytes(path), path)
    if not isinstance(entries, dict):
        raise InputError(f"{path}: expected an object of images by name, got {show(entries)}")
    for name, entry in entries.items():
        if not isinstance(entry, dict) or not isinstance(entry.get(form.people), list):
            raise InputError(
                f"{path}: image {name}: expected an object with a list {form.people}, "
                f"got {show(entry)}"
            )
    return entries


def _read(
    form: _Form, path: Path, given: Skeleton | None, score_scale: ScoreScale | None
) -> Sequence:
    source = source_of(path, form.name)
    images = {name: entry[form.people] for name, entry in _load(form, path, parse).items()}
    return read_images(images, form.fields, source, given, score_scale, _SKELETONS)


def _write(form: _Form, path: Path, sequence: Sequence) -> None:
    source = own_source(sequence, form.name)
    # The standard library keeps what orjson does not: nan, and integers of any length.
    before = _load(form, source, lambda text, _: json.loads(text)) if source else {}
    people_before = {name: entry[form.people] for name, entry in before.items()}
    entries = (
        (name, {**before.get(name, {"version": "AlphaPose v0.3"}), form.people: people})
        for name, people in merge(people_before, sequence, form.fields)
    )
    if path.suffix.lower() == ".json":
        write_object(path, entries)
        return
    with whole_folder(path) as folder:
        for name, entry in entries:
            file = folder / f"{Path(name).stem}.json"
            if file.exists():
                raise InputError(
                    f"{path}: expected image names that differ before their endings, for one file "
                    f"an image, got {name} beside another; write a .json file instead"
                )
            file.write_bytes(dump(entry))


def _format(form: _Form) -> Format:
    return Format(
        name=form.name,
        recognise=partial(_recognise, form),
        read=partial(_read, form),
        write=partial(_write, form),
        suffix=".json",
        skeletons=("openpose-18",),
        loses=frozenset({"scores", "boxes", "times", "image_size"}),
    )


CMU = _format(_CMU)
OPEN = _format(_OPEN)

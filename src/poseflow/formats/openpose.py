"""OpenPose's folders: one JSON file a frame, with BODY_25 or COCO-18 keypoints.

A person without a single keypoint is a person all the same, and so is one whose list of keypoints
is empty. Fields other than those below (faces, hands, 3D, part candidates) stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files import natural_key, whole_folder
from ..poses import Poses, Sequence
from ..skeletons import Skeleton, skeleton
from .documents import Object, dump, give_back, read_document, source_frames
from .fitting import fitted
from .format import Format, Sample, own_source, source_of
from .people import Fields, People, read_people, write_people
from .reading import frame_names, skeleton_for
from .scales import Scores, ScoreScale

_NAME = "openpose"
_SKELETONS = {25: "body-25", 18: "openpose-18"}
_ENDING = "_keypoints.json"
_FIELDS = Fields(keypoints="pose_keypoints_2d", scores=(), box="", track_id="person_id")
# What OpenPose writes for every person, asked for or not: its readers index them.
_UNUSED = (
    "face_keypoints_2d",
    "hand_left_keypoints_2d",
    "hand_right_keypoints_2d",
    "pose_keypoints_3d",
    "face_keypoints_3d",
    "hand_left_keypoints_3d",
    "hand_right_keypoints_3d",
)


def _recognise(sample: Sample) -> bool:
    return (
        any(name.endswith(_ENDING) for name in sample.files or ())
        and isinstance(sample.json, dict)
        and isinstance(sample.json.get("people"), list)
    )


def _read(path: Path, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    """The clip of a folder.

    An image's name is its file's without "_keypoints.json". Frames absent between the first and
    the last file are frames without people. Ids are as in the files; if one of them is 0 they count
    from 0, and all are one more inside.
    """
    source = source_of(path, _NAME)
    files = _files(path)
    # Where nobody has a keypoint nothing tells the two skeletons apart: OpenPose's default.
    n_keypoints = _n_keypoints(files.values()) or len(given or skeleton("body-25"))
    people = {name: _people(file, n_keypoints) for name, file in files.items()}
    own = skeleton_for(n_keypoints, given, _SKELETONS, path)
    seen = Scores()
    for p in people.values():
        seen = seen.and_also(Scores.of(p.table[..., 2], p.scores))
    scales = seen.scales(score_scale)
    names = frame_names(people)
    nobody = Poses.empty(n_keypoints)
    frames = dict(_frames(people, scales))
    return Sequence(
        skeleton=own,
        frames=tuple(frames.get(name, nobody) for name in names),
        image_names=names,
        name=path.name,
        score_scales=scales,
        source=source,
    )


def _files(folder: Path) -> dict[str, Path]:
    """The files of a folder by the names of their images, in natural order; at least one."""
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder of JSON files, one a frame")
    found = {file.name.removesuffix(_ENDING): file for file in folder.glob(f"*{_ENDING}")}
    if not found:
        raise InputError(f"{folder}: expected files NAME{_ENDING}, found none")
    return {name: found[name] for name in sorted(found, key=lambda n: (natural_key(n), n))}


def _n_keypoints(files: Iterable[Path]) -> int:
    """K of the first person who has a list of keypoints; 0 = nobody has."""
    for file in files:
        for person in read_document(file, "people")["people"]:
            values = person.get(_FIELDS.keypoints)
            if values and isinstance(values, list):
                return len(values) // 3
    return 0


def _people(file: Path, n_keypoints: int) -> People:
    people = read_document(file, "people")["people"]
    missing = {_FIELDS.keypoints: [0.0] * (3 * n_keypoints)}
    people = [p | missing if p.get(_FIELDS.keypoints) == [] else p for p in people]
    people = [p | {"person_id": None} if p.get("person_id") == [] else p for p in people]
    return read_people(people, _FIELDS, n_keypoints, file, lambda i: f"person {i + 1}")


def _frames(people: dict[str, People], scales: tuple[float, float]) -> Iterator[tuple[str, Poses]]:
    first_id = 0 if any((p.track_ids == 0).any() for p in people.values()) else 1
    first = 0
    for name, p in people.items():
        rows = np.arange(first, first + len(p.track_ids))
        yield name, p.with_ids_from(first_id).poses(scales, False, rows)
        first += len(rows)


def _write(path: Path, sequence: Sequence) -> None:
    """A folder with one file a frame; from another format as BODY_25 or COCO-18."""
    own = own_source(sequence, _NAME)
    source = {} if own is None else _files(own)
    if own is None or _n_keypoints(source.values()) not in (0, len(sequence.skeleton)):
        files = _made(fitted(sequence, OPENPOSE))
    else:
        files = _given_back(sequence, source)
    with whole_folder(path) as folder:
        for name, document in files:
            (folder / f"{name}{_ENDING}").write_bytes(dump(document))


def _given_back(sequence: Sequence, source: dict[str, Path]) -> Iterator[tuple[str, Object]]:
    """The files of the source that are still frames, and new ones for new frames with people."""
    names = list(source)
    counts = [len(read_document(file, "people")["people"]) for file in source.values()]
    firsts = [0, *accumulate(counts)]
    frame_of_row = np.repeat(np.arange(len(counts)), counts)
    for i, poses, k in source_frames(sequence, names, frame_of_row):
        if k is None:
            if len(poses):
                name = Path(sequence.image_names[i]).stem or f"{i:012d}"
                yield name, _document(_new(poses, sequence))
            continue
        document = read_document(source[names[k]], "people")
        back, others = give_back(document["people"], firsts[k], poses, _with_id)
        people = back + _new(others, sequence)
        yield names[k], document | {"people": people}


def _made(sequence: Sequence) -> Iterator[tuple[str, Object]]:
    """A file for each frame, made from arrays; one of nobody for no frames.

    A folder without a single file could not be told from any other.
    """
    if not len(sequence):
        yield f"{sequence.name or 'frame'}_{0:012d}", _document([])
    for name, poses in zip(_file_names(sequence), sequence.frames, strict=True):
        yield name, _document(_new(poses, sequence))


def _document(people: list[Object]) -> Object:
    return {"version": 1.3, "people": people}


def _file_names(sequence: Sequence) -> list[str]:
    """What each frame's file is called before "_keypoints.json"; all different."""
    names = [Path(name).stem for name in sequence.image_names]
    if all(names) and len(set(names)) == len(names):
        return names
    return [f"{sequence.name or 'frame'}_{i:012d}" for i in range(len(names))]


def _with_id(person: Object, track_id: int) -> Object:
    return person | {"person_id": [track_id]}


def _new(poses: Poses, sequence: Sequence) -> list[Object]:
    """People made from arrays, with all fields that OpenPose writes, in its order."""
    people = write_people(poses, _FIELDS, sequence.score_scales, {"person_id": None})
    unused: Object = {field: [] for field in _UNUSED}
    return [_with_id(p, p["person_id"]) | unused for p in people]


OPENPOSE = Format(
    name=_NAME,
    recognise=_recognise,
    read=_read,
    write=_write,
    suffix="",
    skeletons=tuple(_SKELETONS.values()),
    loses=frozenset({"image_names", "scores", "boxes", "times", "image_size"}),
)

"""MATLAB's files with a variable `annolist`: annotations of PoseTrack 2017 and its forerunner.

Read only. Two forms are known by their fields:

- `image`, `annorect`, as PoseTrack's 2017: one clip, one element a frame. Its JSON is a copy of it
  and is read by the same code.
- `name`, `num_frames`, `annopoints{person, frame}`, as Multi-Person PoseTrack (Iqbal, Milan, Gall,
  CVPR 2017): an element a clip. The people of a frame have `point` (x, y and an id that counts
  MPII's joints) and `head_rect` (x0 y0 x1 y1), where it was measured.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import Sequence, Source
from ..skeletons import Skeleton
from ..truth import Truth
from .documents import Object
from .format import Format, Sample, only, source_of
from .posetrack17_reading import HEAD, SKELETON, Origin, part_of, skeleton_in, taken, truth_of
from .reading import read_bytes, show
from .scales import ScoreScale

Array = NDArray[Any]

_NAME = "matlab"


def _recognise(sample: Sample) -> bool:
    return sample.files is None and sample.head.startswith(b"MATLAB ")


def _read(path: Path, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    # Annotations have no scores that a scale would be of.
    return only(_read_truths(path, given), path).sequence


def _read_truths(path: Path, given: Skeleton | None) -> tuple[Truth, ...]:
    source = source_of(path, _NAME)
    annolist = _annolist(path)
    fields = set(annolist.dtype.names or ())
    if "annorect" in fields:
        origin = Origin(str(path), path.stem, source)
        return (_one(_plain(annolist), SKELETON, given, origin),)
    if fields >= {"name", "num_frames", "annopoints"}:
        return tuple(
            _truth(record, f"{path}: annolist {i}", source, given)
            for i, record in enumerate(annolist.ravel(), start=1)
        )
    raise InputError(
        f"{path}: annolist: expected fields image and annorect, or name, num_frames and "
        f"annopoints; got {', '.join(sorted(fields)) or 'none'}"
    )


def _annolist(path: Path) -> Array:
    """The variable `annolist`: a structured array whose fields are arrays in turn."""
    from scipy.io import loadmat, whosmat

    content = io.BytesIO(read_bytes(path))
    try:
        found = loadmat(content, variable_names=["annolist"])
        names = [name for name, _, _ in whosmat(content)]
    except NotImplementedError as error:
        raise InputError(
            f"{path}: expected a MATLAB file up to version 7, got a later one; "
            "in MATLAB, save it again with -v7"
        ) from error
    except Exception as error:  # SciPy has no one error for a broken file.
        raise InputError(f"{path}: not a valid MATLAB file, cut off perhaps: {error}") from error
    if "annolist" not in found:
        raise InputError(f"{path}: expected a variable annolist, got {', '.join(names) or 'none'}")
    return np.asarray(found["annolist"])


def _plain(value: Any) -> list[Any]:
    """An array as JSON of PoseTrack has it: objects for a struct, a list around all numbers."""
    if not isinstance(value, np.ndarray):
        return [value]
    if value.dtype.names:
        columns = [map(_plain, value[name].ravel()) for name in value.dtype.names]
        rows = zip(*columns, strict=True)
        return [dict(zip(value.dtype.names, row, strict=True)) for row in rows]
    if value.dtype.kind == "O":
        return [part for cell in value.ravel() for part in _plain(cell)]
    return list(value.ravel().tolist())


def _truth(record: Any, where: str, source: Source, given: Skeleton | None) -> Truth:
    """One clip of several."""
    name = "".join(map(str, _plain(record["name"])))
    where = f"{where} ({name})" if name else where
    return _one(_entries(record, where), "mpii-16", given, Origin(where, name, source))


def _one(entries: list[Object], name: str, given: Skeleton | None, origin: Origin) -> Truth:
    """The clip of these frames, the ids of joints being places in the skeleton of that name."""
    own = skeleton_in(name, given, origin)
    return truth_of([taken(part_of(entries, origin.where), len(own))], own, origin)


def _entries(record: Any, where: str) -> list[Object]:
    """A clip's frames as PoseTrack's 2017."""
    cells, count = record["annopoints"], _plain(record["num_frames"])
    n_frames = cells.shape[1] if cells.size else sum(count)
    if count != [n_frames]:
        raise InputError(
            f"{where}: num_frames: expected {n_frames} as annopoints has, got {show(count)}"
        )
    entries: list[Object] = [{"annorect": []} for _ in range(n_frames)]
    for (row, i), cell in np.ndenumerate(cells):
        for person in _plain(cell):
            what = f"{where}: annopoints {row + 1}, {i + 1}"
            if not isinstance(person, dict):
                raise InputError(f"{what}: expected a struct, got {show(person)}")
            rect = person.get("head_rect", [])
            if len(rect) not in (0, 4):
                raise InputError(f"{what}: head_rect: expected x0, y0, x1, y1, got {show(rect)}")
            head = zip(HEAD, [[side] for side in rect], strict=False)
            points = {"annopoints": [{"point": person.get("point", [])}], "track_id": [row]}
            entries[i]["annorect"].append(points | dict(head))
    return entries


MATLAB = Format(
    name=_NAME,
    recognise=_recognise,
    read=_read,
    write=None,
    suffix=".mat",
    read_truths=_read_truths,
)

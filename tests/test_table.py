"""Our own tables, as CSV and as Parquet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import shared
from poseflow.errors import InputError
from poseflow.formats import load, recognise, save
from poseflow.poses import Doubt, Origin, Poses, Sequence
from poseflow.skeletons import SKELETONS, Skeleton, skeleton

HAND = Skeleton("hand", ("wrist", "tip"), ((0, 1),), np.arange(2), np.ones(2))
COLUMNS = (
    "frame,image,time,track_id,origin,score,box_x0,box_y0,box_x1,box_y1,"
    "wrist_x,wrist_y,wrist_score,tip_x,tip_y,tip_score"
)
BOTH = [pytest.param(".csv", id="csv"), pytest.param(".parquet", id="parquet")]


def hands() -> Sequence:
    """Two hands, nobody, one hand without a point and of nobody, nobody."""
    first = Poses.from_keypoints(
        [[[1.5, 2], [0.1, 1e-7]], [[np.nan, np.nan], [30, 40]]],
        [[0.25, np.nan], [0, 1]],
        [0.5, np.nan],
        [[0, 0, 8, 9], [np.nan] * 4],
        [7, -1],
        origins=[Origin.FUSED, Origin.DETECTED],
    )
    lost = Poses.from_keypoints(
        np.full((1, 2, 2), np.nan), track_ids=[-1], origins=[Origin.PROPAGATED]
    )
    nobody = Poses.empty(2)
    return Sequence(
        HAND,
        (first, nobody, lost, nobody),
        ('a, "b".jpg', "1.jpg", "", "last.jpg"),
        times=np.array([0.0, 0.04, 0.1, 0.12]),
        image_size=(640, 480),
        name="clip",
    )


def rewritten(path: Path, columns: dict[str, list[Any]]) -> Path:
    """A table of these columns, as another program might write it."""
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    else:
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.table(columns), path)
    return path


def as_columns(path: Path) -> dict[str, list[Any]]:
    if path.suffix == ".csv":
        header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
        return {name: [row[i] for row in rows] for i, name in enumerate(header)}
    from pyarrow import parquet

    columns: dict[str, list[Any]] = parquet.read_table(path).to_pydict()
    return columns


def assert_same(got: Poses, expected: Poses) -> None:
    for field in ("keypoints", "keypoint_scores", "scores", "boxes", "track_ids", "origins"):
        np.testing.assert_array_equal(getattr(got, field), getattr(expected, field), field)


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize("suffix", BOTH)
def test_scores_are_in_the_scale_of_their_source(suffix: str, tmp_path: Path) -> None:
    poses = Poses.from_keypoints(np.ones((1, 2, 2)), [[0.5, 1]], [0.9])
    clip = Sequence(HAND, [poses], ("0.jpg",), score_scales=(4.0, 10.0))
    path = tmp_path / f"x{suffix}"
    save(path, clip)
    columns = as_columns(path)
    assert [float(columns[name][0]) for name in ("wrist_score", "tip_score", "score")] == [
        2,
        4,
        9,
    ]
    got = load(path)
    assert got.score_scales == (4.0, 10.0)
    assert_same(got.frames[0], poses)


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("suffix", BOTH)
def test_no_table_is_days_of_nobody(suffix: str, tmp_path: Path) -> None:
    def table(*frames: int) -> Path:
        places = {name: [1.0] * len(frames) for name in ("tip_x", "tip_y")}
        return rewritten(tmp_path / f"x{suffix}", {"frame": list(frames), **places})

    # Two frames are told of: 100 000 + 2 × 100.
    assert len(load(table(0, 100_199))) == 100_200
    with pytest.raises(
        InputError,
        match=r"row 3: frame: expected less than 100200 in a table that tells of 2 frames, "
        "got 3000000",
    ):
        load(table(0, 0, 3_000_000))


@pytest.mark.parametrize("suffix", BOTH)
@pytest.mark.parametrize(("ids", "expected"), [([0, 3, -1], [1, 4, -1]), ([1, 3, -7], [1, 3, -1])])
def test_ids_of_others_count_from_0_or_1(
    ids: list[int], expected: list[int], suffix: str, tmp_path: Path
) -> None:
    columns = {"frame": [0, 1, 1], "tip_x": [1.0] * 3, "tip_y": [2.0] * 3, "track_id": ids}
    clip = load(rewritten(tmp_path / f"x{suffix}", columns))
    assert [i for poses in clip.frames for i in poses.track_ids.tolist()] == expected


@pytest.mark.parametrize("suffix", BOTH)
def test_a_clip_is_read_as_it_was(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"clip{suffix}"
    save(path, hands())

    got = load(path, skeleton=HAND)

    assert recognise(path).name == suffix[1:]
    assert (got.skeleton, got.name) == (HAND, "clip")
    for one, same in zip(got.frames, hands().frames, strict=False):
        assert_same(one, same)
    assert [poses.rows.tolist() for poses in got.frames[:3]] == [[0, 1], [], [2]]
    if suffix == ".parquet":
        assert got.image_names == hands().image_names
        assert got.times is not None
        assert got.times.tolist() == [0.0, 0.04, 0.1, 0.12]
        assert (len(got), got.image_size) == (4, (640, 480))
        assert load(path).skeleton == HAND
    else:
        # No row tells of frame 3, none of the name and time of frame 1.
        assert got.image_names == ('a, "b".jpg', "", "")
        assert got.times is not None
        assert got.times.tolist() == [0, 0.05, 0.1]


numbers = st.floats(allow_nan=False, allow_infinity=False)


scores = st.floats(0, 1) | st.just(np.nan)


@st.composite
def clips(draw: st.DrawFn) -> Sequence:
    frames = []
    for _ in range(draw(st.integers(1, 4))):
        n = draw(st.integers(0, 3))
        place = st.tuples(numbers, numbers) | st.just((np.nan, np.nan))
        points = draw(st.lists(place, min_size=2 * n, max_size=2 * n))
        found = ~np.isnan(np.reshape(points, (n, 2, 2))[..., 0])
        of_points = draw(st.lists(scores, min_size=2 * n, max_size=2 * n))
        boxes = st.tuples(numbers, numbers, numbers, numbers)
        frames.append(
            Poses.from_keypoints(
                np.reshape(points, (n, 2, 2)),
                np.where(found, np.reshape(of_points, (n, 2)), 0),
                draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)),
                np.reshape(draw(st.lists(boxes, min_size=n, max_size=n)), (n, 4)),
                draw(st.lists(st.integers(1, 2**52) | st.just(-1), min_size=n, max_size=n)),
                origins=draw(st.lists(st.sampled_from(Origin), min_size=n, max_size=n)),
            )
        )
    name = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
    names = draw(st.lists(name, min_size=len(frames), max_size=len(frames)))
    return Sequence(HAND, frames, tuple(names))


@pytest.mark.parametrize("suffix", BOTH)
@given(clip=clips())
@settings(max_examples=30, deadline=None)
def test_every_number_and_name_comes_back(
    suffix: str, clip: Sequence, tmp_path_factory: Any
) -> None:
    path = tmp_path_factory.mktemp("table") / f"x{suffix}"
    save(path, clip)
    got = load(path)
    if suffix == ".parquet":
        assert len(got) == len(clip)
    assert not any(len(poses) for poses in clip.frames[len(got) :])
    for i, poses in enumerate(got.frames):
        assert_same(poses, clip.frames[i])
        if len(poses):
            assert got.image_names[i] == clip.image_names[i]


@pytest.mark.parametrize("suffix", BOTH)
@pytest.mark.parametrize("name", SKELETONS)
def test_our_skeletons_are_told_by_their_columns(name: str, suffix: str, tmp_path: Path) -> None:
    kind = skeleton(name)
    poses = Poses.from_keypoints(np.ones((1, len(kind), 2)))
    save(tmp_path / f"x{suffix}", Sequence(kind, [poses], ("0.jpg",)))
    assert load(tmp_path / f"x{suffix}").skeleton == kind


@pytest.mark.parametrize("suffix", BOTH)
def test_the_same_clip_is_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    save(tmp_path / f"a{suffix}", hands())
    save(tmp_path / f"b{suffix}", hands())
    save(tmp_path / f"c{suffix}", load(tmp_path / f"a{suffix}"))
    contents = {(tmp_path / f"{name}{suffix}").read_bytes() for name in "abc"}
    assert len(contents) == 1


@pytest.mark.parametrize("suffix", BOTH)
def test_real_poses_come_back(suffix: str, tmp_path: Path) -> None:
    for source in (shared("data", "openpose", "musicians"), shared("data", "detections")):
        path = source if source.name == "musicians" else source / "bedroom.json"
        clip = load(path)
        save(tmp_path / f"x{suffix}", clip)
        got = load(tmp_path / f"x{suffix}")
        assert (got.skeleton, got.image_names) == (clip.skeleton, clip.image_names)
        for one, same in zip(got.frames, clip.frames, strict=True):
            assert_same_but_for_rounding(one, same)


def assert_same_but_for_rounding(got: Poses, expected: Poses) -> None:
    """Scores of AlphaPose are divided and multiplied; all else is the number that it was."""
    for field in ("keypoints", "keypoint_scores", "boxes"):
        np.testing.assert_array_equal(getattr(got, field), getattr(expected, field), field)
    np.testing.assert_allclose(got.scores, expected.scores, rtol=1e-15)


# ---------------------------------------------------------------- tables of others


@pytest.mark.parametrize("suffix", BOTH)
def test_rows_may_stand_in_any_order(suffix: str, tmp_path: Path) -> None:
    columns = {"frame": [4, 0, 4], "tip_x": [1.0, 2.0, 3.0], "tip_y": [1.0, 2.0, 3.0]}
    got = load(rewritten(tmp_path / f"x{suffix}", columns))
    assert got.skeleton.keypoints == ("tip",)
    assert [poses.rows.tolist() for poses in got.frames] == [[1], [], [], [], [0, 2]]
    assert got.frames[4].keypoints[:, 0].tolist() == [[1, 1], [3, 3]]
    assert np.isnan(got.frames[4].keypoint_scores).all()
    assert got.frames[4].track_ids.tolist() == [-1, -1]
    assert got.frames[4].boxes.tolist() == [[1, 1, 1, 1], [3, 3, 3, 3]]
    assert (got.image_names, got.times, got.score_scales) == (("",) * 5, None, (1.0, 1.0))


@pytest.mark.parametrize("suffix", BOTH)
def test_people_of_a_frame_are_in_the_order_of_the_table(suffix: str, tmp_path: Path) -> None:
    x = [float(i) for i in range(80)]
    columns = {"frame": [i % 2 for i in range(80)], "tip_x": x, "tip_y": x}
    got = load(rewritten(tmp_path / f"x{suffix}", columns))
    assert [poses.keypoints[:, 0, 0].tolist() for poses in got.frames] == [x[::2], x[1::2]]


@pytest.mark.parametrize("suffix", BOTH)
def test_one_id_twice_in_a_frame_is_read(suffix: str, tmp_path: Path) -> None:
    columns = {"frame": [0, 0], "track_id": [3, 3], "tip_x": [1.0, 2.0], "tip_y": [1.0, 2.0]}
    got = load(rewritten(tmp_path / f"x{suffix}", columns))
    assert got.frames[0].track_ids.tolist() == [3, 3]


@pytest.mark.parametrize("suffix", BOTH)
def test_a_pose_without_an_origin_was_detected(suffix: str, tmp_path: Path) -> None:
    table: dict[str, list[Any]] = GOOD | {"origin": ["", "propagated"]}
    clip = load(rewritten(tmp_path / f"x{suffix}", table))
    assert [poses.origins.tolist() for poses in clip.frames] == [[0], [Origin.PROPAGATED]]
    nowhere = load(rewritten(tmp_path / f"y{suffix}", GOOD))
    assert [poses.origins.tolist() for poses in nowhere.frames] == [[0], [0]]


@pytest.mark.parametrize("suffix", BOTH)
def test_columns_of_others_come_back_with_the_id(suffix: str, tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "note": ['say "hi"', "then, go", "line\nbreak"],
        "tip_y": [1.0, 2.0, 3.0],
        "tip_x": [1.0, 2.0, 3.0],
        "frame": [0, 1, 1],
    }
    clip = load(rewritten(tmp_path / f"in{suffix}", columns))
    out = tmp_path / f"out{suffix}"

    save(out, clip.with_track_ids([[5], [-1, 6]]))
    got = as_columns(out)
    # A column of ids is put after the others.
    assert list(got) == [*columns, "track_id"]
    assert got["note"] == columns["note"]
    assert list(map(int, got["track_id"])) == [5, -1, 6]

    # Rows that were taken out are gone, and the ids are now in the column that there is.
    clip = load(out)
    kept = clip.with_frames([clip.frames[0][[]], clip.frames[1][[1]].with_track_ids([8])])
    save(tmp_path / f"again{suffix}", kept)
    again = as_columns(tmp_path / f"again{suffix}")
    assert again["note"] == columns["note"][2:]
    assert list(map(int, again["track_id"])) == [8]


@pytest.mark.parametrize("suffix", BOTH)
def test_poses_of_no_row_are_written_from_the_arrays(suffix: str, tmp_path: Path) -> None:
    columns = {"frame": [0], "tip_x": [1.0], "tip_y": [1.0], "mine": [7]}
    clip = load(rewritten(tmp_path / f"in{suffix}", columns))
    new = Poses.from_keypoints([[[5, 6]]], track_ids=[2])
    clip = replace(clip, frames=(*clip.frames, new), image_names=("", ""))
    save(tmp_path / f"out{suffix}", clip)
    got = as_columns(tmp_path / f"out{suffix}")
    assert "mine" not in got
    assert list(map(float, got["tip_x"])) == [1, 5]


def test_a_given_skeleton_chooses_the_columns(tmp_path: Path) -> None:
    save(tmp_path / "x.csv", hands())
    tip = Skeleton("tip", ("tip",), (), np.arange(1), np.ones(1))
    clip = load(tmp_path / "x.csv", skeleton=tip)
    assert clip.frames[0].keypoints[1].tolist() == [[30, 40]]
    with pytest.raises(
        InputError, match="expected the keypoint nose of skeleton coco-17, got none"
    ):
        load(tmp_path / "x.csv", skeleton=skeleton("coco-17"))


def test_score_scale_replaces_the_largest(tmp_path: Path) -> None:
    for suffix in (".csv", ".parquet"):
        save(tmp_path / f"x{suffix}", hands())
        clip = load(tmp_path / f"x{suffix}", score_scale=2)
        assert clip.score_scales == (2.0, 1.0)
        assert clip.frames[0].keypoint_scores[1, 1] == 0.5


def test_a_table_of_nobody(tmp_path: Path) -> None:
    nobody = Sequence(HAND, [Poses.empty(2)] * 3, ("", "b", ""))
    save(tmp_path / "x.csv", nobody)
    assert len(load(tmp_path / "x.csv")) == 0
    save(tmp_path / "x.parquet", nobody)
    got = load(tmp_path / "x.parquet")
    assert [len(poses) for poses in got.frames] == [0, 0, 0]
    assert (got.image_names, got.skeleton, got.times) == (nobody.image_names, HAND, None)


# ---------------------------------------------------------------- mistakes


GOOD: dict[str, list[Any]] = {"frame": [0, 1], "tip_x": [1.0, 2.0], "tip_y": [3.0, 4.0]}


@pytest.mark.parametrize("suffix", BOTH)
@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        pytest.param({"frame": [1, -1]}, "row 2: frame: expected an integer .*got -1", id="before"),
        pytest.param({"frame": [1, 0.5]}, "row 2: frame: .* got 0.5", id="half"),
        pytest.param({"frame": [1.0, None]}, "row 2: frame: .*got nothing", id="no frame"),
        pytest.param({"frame": [1, 10**7]}, "frame: .* to 9999999, got 10000000", id="too far"),
        pytest.param({"track_id": [1.5, 2]}, "row 1: track_id: .* integer, got 1.5", id="id"),
        pytest.param(
            {"tip_x": [1, float("inf")]}, "row 2: tip_x: expected a finite number", id="inf"
        ),
        pytest.param(
            {"tip_x": [None, 2.0]},
            "row 1: tip_x: expected both x and y, or neither, got nothing",
            id="no x",
        ),
        pytest.param({"tip_y": [1.0, None]}, "row 2: tip_y: expected both", id="no y"),
        pytest.param(
            {"origin": ["fused", "guessed"]},
            "row 2: origin: expected detected, fused, propagated, filled or an empty cell, "
            "got 'guessed'",
            id="origin",
        ),
        pytest.param(
            {"frame": [1, 1], "image": ["a", "b"]},
            "row 2: image: expected 'a', as before for frame 1, got 'b'",
            id="two images",
        ),
        pytest.param(
            {"frame": [1, 1], "time": [0.5, 0.75]},
            "row 1: time: expected 0.75, as for frame 1, got 0.5",
            id="two times",
        ),
    ],
)
def test_mistakes_in_rows_are_named(
    columns: dict[str, list[Any]], fault: str, suffix: str, tmp_path: Path
) -> None:
    path = rewritten(tmp_path / f"x{suffix}", GOOD | columns)
    with pytest.raises(InputError, match=fault) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("suffix", BOTH)
@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        pytest.param(["tip_x", "tip_y"], "expected a column frame, got 'tip_x', 'tip_y'", id="f"),
        pytest.param(["frame", "tip_x"], "expected a column NAME_x and NAME_y", id="no keypoint"),
    ],
)
def test_missing_columns_are_named(
    columns: list[str], fault: str, suffix: str, tmp_path: Path
) -> None:
    path = rewritten(tmp_path / f"x{suffix}", {name: GOOD[name] for name in columns})
    with pytest.raises(InputError, match=fault):
        load(path, format=suffix[1:])


@pytest.mark.parametrize("suffix", BOTH)
def test_a_table_that_fails_leaves_nothing(suffix: str, tmp_path: Path) -> None:
    class Failing(tuple[Poses, ...]):
        def __iter__(self) -> Any:
            yield self[0]
            raise InputError("the frames end here")

    with pytest.raises(InputError, match="end here"):
        save(tmp_path / f"x{suffix}", replace(hands(), frames=Failing(hands().frames)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", BOTH)
def test_narrow_ids_are_told_with_their_rivals(suffix, tmp_path):
    apart = np.array([[[0.0, 0], [1, 1]], [[5, 5], [6, 6]], [[9, 9], [8, 8]]])
    first = Poses.from_keypoints(apart, track_ids=[3, 8, -1])
    second = Poses.from_keypoints(apart[:1], track_ids=[3])
    doubts = (Doubt(0, 0, 8, 0.12345), Doubt(0, 1, -1, -0.25), Doubt(0, 2, 3, 0.0))
    clip = Sequence(HAND, (first, second), ("", ""), doubts=doubts)
    save(tmp_path / f"t{suffix}", clip)
    got = as_columns(tmp_path / f"t{suffix}")
    margins, rivals = [0.123, -0.25, None, None], [8, None, None, None]
    if suffix == ".csv":
        margins, rivals = (["" if v is None else str(v) for v in c] for c in (margins, rivals))
    assert list(got)[-2:] == ["margin", "rival_id"]
    assert got["margin"] == margins  # The pose without an id has no doubt either.
    assert got["rival_id"] == rivals
    assert load(tmp_path / f"t{suffix}").frames[0].track_ids.tolist() == [3, 8, -1]

"""The contract that every format keeps, and how a format is recognised."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.formats import FORMATS, Format, load, recognise, save
from poseflow.formats.format import parse_beginning, take_sample
from poseflow.poses import Origin, Poses, Sequence
from poseflow.skeletons import Skeleton, skeleton

DATA = Path(__file__).parent / "data"
HAND = Skeleton("hand-3", ("wrist", "thumb", "finger"), ((0, 1), (0, 2)), np.arange(3), np.ones(3))
EVERY = [pytest.param(f, id=f.name) for f in FORMATS.values() if f.write is not None]
# Where a word of ours has no place.
WITHOUT_ORIGINS = {"posetrack17", "posetrack18"}

coordinate = st.floats(0.25, 2000, width=32)
score = st.floats(0.0, 1.0, width=32)


@st.composite
def frame(draw: st.DrawFn, n_keypoints: int) -> Poses:
    """0 to 3 people, some of their keypoints missing, some with ids."""
    n = draw(st.integers(0, 3))
    keypoint = st.one_of(st.none(), st.tuples(coordinate, coordinate, score))
    table = np.full((n, n_keypoints, 3), np.nan)
    for person in table:
        drawn = draw(st.lists(keypoint, min_size=n_keypoints, max_size=n_keypoints))
        for place, values in enumerate(drawn):
            if values is not None:
                person[place] = values
    ids = draw(st.lists(st.integers(1, 9000), min_size=n, max_size=n, unique=True))
    return Poses.from_keypoints(
        table[..., :2],
        table[..., 2],
        draw(st.lists(score, min_size=n, max_size=n)),
        track_ids=np.where(draw(st.lists(st.booleans(), min_size=n, max_size=n)), ids, -1),
        origins=draw(st.lists(st.sampled_from(Origin), min_size=n, max_size=n)),
    )


@st.composite
def clip(draw: st.DrawFn, form: Format) -> Sequence:
    """A clip of 1 to 4 frames of a skeleton that the format can hold."""
    names = form.skeletons or ("coco-17", "posetrack-15", "openpose-18")
    kind = skeleton(draw(st.sampled_from(names)))
    if (form.skeletons is None or form.others) and draw(st.booleans()):
        kind = HAND
    frames = draw(st.lists(frame(len(kind)), min_size=1, max_size=4))
    return Sequence(kind, frames, tuple(f"{i + 8:04d}.jpg" for i in range(len(frames))))


def people(n: int, ids: list[int] | None = None, kind: Skeleton | None = None) -> Poses:
    """N people side by side with every keypoint; the first of them is the one most believed."""
    k = len(kind or skeleton("coco-17"))
    x = 100.0 * np.arange(1, n + 1)[:, None] + np.arange(k)
    points = np.stack([x, np.full_like(x, 50.0) + np.arange(k) ** 2], axis=2)
    scores = np.repeat(0.5 ** np.arange(n)[:, None], k, axis=1)
    return Poses.from_keypoints(points, scores, scores[:, 0], track_ids=ids)


def walk(form: Format, ids: list[list[int]]) -> Sequence:
    """A clip in which frame f has a person for each of ids[f]."""
    kind = skeleton(form.skeletons[0] if form.skeletons else "coco-17")
    frames = [people(len(of_frame), of_frame, kind) for of_frame in ids]
    return Sequence(kind, frames, tuple(f"{i}.jpg" for i in range(len(ids))))


def path_for(form: Format, folder: Path, name: str = "clip") -> Path:
    return folder / f"{name}{form.suffix}"


def by_name(sequence: Sequence, form: Format) -> Iterator[tuple[str, Poses]]:
    """The frames, without what the format has no place for."""
    for i, (name, poses) in enumerate(zip(sequence.image_names, sequence.frames, strict=True)):
        if len(poses) or "empty frames" not in form.loses:
            yield (str(i) if "image_names" in form.loses else name), poses


def assert_same(got: Sequence, expected: Sequence, form: Format) -> None:
    assert got.skeleton == expected.skeleton
    before, after = list(by_name(expected, form)), list(by_name(got, form))
    if "empty frames" not in form.loses and "image_names" not in form.loses:
        assert [name for name, _ in after] == [name for name, _ in before]
    for (_, a), (_, b) in zip(after, before, strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)
        np.testing.assert_array_equal(a.keypoint_scores, b.keypoint_scores)
        np.testing.assert_array_equal(a.track_ids, b.track_ids)
        if form.name not in WITHOUT_ORIGINS:
            np.testing.assert_array_equal(a.origins, b.origins)
        if "scores" not in form.loses:
            np.testing.assert_array_equal(a.scores, b.scores)
        if "boxes" not in form.loses:
            # Width and height are written where corners are kept.
            np.testing.assert_allclose(a.boxes, b.boxes, rtol=1e-12)


@pytest.mark.parametrize("form", EVERY)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_saved_is_loaded_again(form: Format, data: st.DataObject) -> None:
    sequence = data.draw(clip(form))
    with tempfile.TemporaryDirectory() as folder:
        path = path_for(form, Path(folder))
        save(path, sequence, format=form.name)
        got = load(path, format=form.name, skeleton=sequence.skeleton)
        assert_same(got, sequence, form)
        again = path_for(form, Path(folder), "again")
        save(again, got, format=form.name)
        assert_same(load(again, format=form.name, skeleton=sequence.skeleton), sequence, form)


@pytest.mark.parametrize("form", EVERY)
def test_own_format_gives_every_row_back_with_its_id(form: Format, tmp_path: Path) -> None:
    path, out = path_for(form, tmp_path), path_for(form, tmp_path, "tracked")
    save(path, walk(form, [[-1, -1, -1], [-1], [], [-1, -1]]), format=form.name)

    read = load(path)
    assert sorted(np.concatenate([poses.rows for poses in read.frames]).tolist()) == [*range(6)]
    ids = [[3, -1, 1], [3], [], [1, 2]]
    tracked = read.with_track_ids(ids)
    save(out, tracked)

    got = load(out)
    assert_same(got, walk(form, ids), form)


@pytest.mark.parametrize("form", EVERY)
def test_a_pose_that_was_masked_out_is_not_written(form: Format, tmp_path: Path) -> None:
    path, out = path_for(form, tmp_path), path_for(form, tmp_path, "tracked")
    save(path, walk(form, [[1, 2, 3], [1, 2]]), format=form.name)
    read = load(path)

    save(out, read.with_frames([read.frames[0][[0, 2]], read.frames[1][[1]]]))

    assert [poses.track_ids.tolist() for poses in load(out).frames] == [[1, 3], [2]]


@pytest.mark.parametrize("form", EVERY)
def test_a_pose_of_no_row_is_written_from_its_arrays(form: Format, tmp_path: Path) -> None:
    path, out = path_for(form, tmp_path), path_for(form, tmp_path, "filled")
    save(path, walk(form, [[1, 2], [1], [1, 2]]), format=form.name)
    read = load(path)
    first, middle, last = read.frames
    both = replace(first, rows=np.where(first.track_ids == 2, -1, middle.rows[0]))

    save(out, read.with_frames([first, both, last]))

    got = load(out).frames[1]
    assert sorted(got.track_ids.tolist()) == [1, 2]
    np.testing.assert_array_equal(got.keypoints[got.track_ids == 2], first.keypoints[1:])


@pytest.mark.parametrize("form", EVERY)
def test_origins_come_back_with_rows_and_without(form: Format, tmp_path: Path) -> None:
    path, out = path_for(form, tmp_path), path_for(form, tmp_path, "again")
    origins = [Origin.PROPAGATED, Origin.DETECTED, Origin.FUSED]
    clip = walk(form, [[1, 2, 3]])
    poses = replace(clip.frames[0], origins=np.array(origins, dtype=np.uint8))
    save(path, clip.with_frames([poses]), format=form.name)
    expected = [Origin.DETECTED] * 3 if form.name in WITHOUT_ORIGINS else origins

    read = load(path, format=form.name)
    assert read.frames[0].origins.tolist() == expected
    save(out, read.with_track_ids([[3, 2, 1]]), format=form.name)
    got = load(out, format=form.name).frames[0]
    assert (got.origins.tolist(), got.track_ids.tolist()) == (expected, [3, 2, 1])


@pytest.mark.parametrize("word", ["camera 2", "DETECTED", 1, None, ["fused"], {}])
def test_an_origin_that_is_not_our_word_is_somebody_elses(word: object, tmp_path: Path) -> None:
    row = {"image_id": "0.jpg", "keypoints": [1.0, 2.0, 0.5] * 17, "score": 1, "origin": word}
    (tmp_path / "x.json").write_text(json.dumps([row]))
    clip = load(tmp_path / "x.json")
    assert clip.frames[0].origins.tolist() == [Origin.DETECTED]
    save(tmp_path / "y.json", clip.with_track_ids([[4]]))
    assert json.loads((tmp_path / "y.json").read_text()) == [row | {"idx": 4}]


@pytest.mark.parametrize("form", EVERY)
def test_an_output_does_not_depend_on_when_it_is_written(form: Format, tmp_path: Path) -> None:
    sequence = walk(form, [[1, 2], [], [2]])
    contents = []
    for name in ("a", "b"):
        path = path_for(form, tmp_path / name)
        path.parent.mkdir()
        save(path, sequence, format=form.name)
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        contents.append([(file.name, file.read_bytes()) for file in files])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("form", EVERY)
def test_one_format_recognises_a_file_whatever_its_name(form: Format, tmp_path: Path) -> None:
    path = path_for(form, tmp_path)
    save(path, walk(form, [[1, 2], [], [2]]), format=form.name)
    if not form.suffix:
        assert [f.name for f in FORMATS.values() if f.recognise(take_sample(path))] == [form.name]
        return
    for other in ("clip.txt", "clip", "alphapose-results.json", "poses.csv"):
        target = tmp_path / "renamed" / other
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
        sample = take_sample(target)
        assert [f.name for f in FORMATS.values() if f.recognise(sample)] == [form.name]


@pytest.mark.parametrize("form", EVERY)
def test_the_input_is_never_written_to(form: Format, tmp_path: Path) -> None:
    path = path_for(form, tmp_path)
    save(path, walk(form, [[1, 2], [2]]), format=form.name)
    read = load(path)
    for same in (path, tmp_path / ".." / tmp_path.name / path.name):
        with pytest.raises(InputError, match="expected another file than the input"):
            save(same, read)


@pytest.mark.parametrize("form", EVERY)
def test_a_source_that_changed_since_is_not_given_back(form: Format, tmp_path: Path) -> None:
    path, out = path_for(form, tmp_path), path_for(form, tmp_path, "out")
    save(path, walk(form, [[1, 2], [2]]), format=form.name)
    read = load(path)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    save(path, walk(form, [[1], [2], [2, 3]]), format=form.name)
    with pytest.raises(InputError, match="changed since"):
        save(out, read)
    assert not out.exists()


@pytest.mark.parametrize("form", EVERY)
def test_an_output_that_cannot_be_written_is_one_sentence(form: Format, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = path_for(form, tmp_path / "file")
    with pytest.raises(InputError, match="cannot be written"):
        save(path, walk(form, [[1]]), format=form.name)


@pytest.mark.parametrize("form", [f for f in EVERY if f.values[0].skeletons])
def test_a_skeleton_without_a_place_is_mapped_by_name(form: Format, tmp_path: Path) -> None:
    kind, path = skeleton("halpe-26"), path_for(form, tmp_path)
    given = people(2, [3, -1], kind)
    save(path, Sequence(kind, [given], ("0.jpg",)), format=form.name)

    clip = load(path, format=form.name)
    assert clip.skeleton.name == (form.skeletons or ())[0]
    got = clip.frames[0]
    assert got.track_ids.tolist() == [3, -1]
    for name in ("left_wrist", "right_knee"):
        np.testing.assert_array_equal(
            got.keypoints[:, clip.skeleton.keypoints.index(name)],
            given.keypoints[:, kind.keypoints.index(name)],
        )


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("alphapose-list.json", "alphapose"),
        ("alphapose-forvis.json", "alphapose-forvis"),
        ("alphapose-cmu.json", "alphapose-cmu"),
        ("alphapose-open.json", "alphapose-open"),
        ("coco-results.json", "coco"),
    ],
)
def test_content_tells_the_format(file: str, name: str) -> None:
    assert recognise(DATA / file).name == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("[]", "alphapose", id="a list of nobody"),
        pytest.param(" \n[ ]", "alphapose", id="with blanks"),
        pytest.param('\ufeff[{"image_id": "a.png", "keypoints": []}]', "alphapose", id="marked"),
        pytest.param('[{"keypoints": [1, 2, 3]}]', "alphapose", id="without images"),
        pytest.param('[{"image_id": 3, "keypoints": [], "idx": 1}]', "alphapose", id="idx"),
        pytest.param('[{"image_id": 3, "keypoints": [], "box": []}]', "alphapose", id="box"),
        pytest.param('[{"image_id": 3, "keypoints": [], "score": 1}]', "coco", id="numbers"),
        pytest.param('[{"image_id": 3, "bbox": [1, 2, 3, 4]}]', "coco", id="boxes only"),
        pytest.param('{"a.png": [], "b.png": [{"keypoints": []}]}', "alphapose-forvis", id="late"),
        pytest.param('{"a.png": [], "b.png": []}', "alphapose-forvis", id="nobody by image"),
        pytest.param("{}", "alphapose-forvis", id="no image"),
        pytest.param('{"0.jpg": {"bodies": []}}', "alphapose-cmu", id="cmu"),
        pytest.param('{"0.jpg": {"people": []}}', "alphapose-open", id="open"),
    ],
)
def test_small_samples_are_recognised(text: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(text, encoding="utf-8")
    assert recognise(tmp_path / "x").name == name
    sample = take_sample(tmp_path / "x")
    assert sum(form.recognise(sample) for form in FORMATS.values()) == 1


def test_a_long_file_is_recognised_by_its_beginning(tmp_path: Path) -> None:
    row = (DATA / "coco-results.json").read_text().splitlines()[1]
    (tmp_path / "x").write_text("[" + row * 500)
    assert recognise(tmp_path / "x").name == "coco"


@pytest.mark.parametrize(
    ("content", "got"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b" \n ", "an empty file", id="blank"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"a file that begins with .*PNG", id="png"),
        pytest.param(b"hello, world", "a file that begins with b'hello", id="text"),
        pytest.param(b'{"license": [1, 2], "year": 3}', "an object of license, year", id="object"),
        pytest.param(b"[1, 2, 3]", r"JSON that begins with \[1, 2, 3\]", id="numbers"),
        pytest.param(b"17", "JSON that begins with 17", id="number"),
    ],
)
def test_what_is_not_poses_is_refused(content: bytes, got: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InputError, match=got) as caught:
        load(tmp_path / "x.json")
    assert str(caught.value).startswith(f"{tmp_path / 'x.json'}: expected")
    if b"\x89" in content:
        assert "alphapose, alphapose-forvis, alphapose-cmu, alphapose-open" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b'[{"image_id": 1}, {"image_id": }]', r"x: row 2: not valid JSON: .* line 1",
                     id="a value of a row"),
        pytest.param(b'[{"image_id": 1}\n {"image_id": 2}]', "x: rows 1 to 2: .* one comma",
                     id="a comma between rows"),
        pytest.param(b'{"annolist":\n [}', r"x: not valid JSON.*: line 2 column 3", id="an object"),
        pytest.param('[{"image_id": "é"}]'.encode("utf-16"), "x: expected UTF-8, got UTF-16$",
                     id="UTF-16"),
        pytest.param('{"a": []}'.encode("utf-16-le"), "x: expected UTF-8, got UTF-16$",
                     id="UTF-16 without a mark"),
        pytest.param("frame,nose_x,nose_y".encode("utf-16"), "x: expected UTF-8, got UTF-16$",
                     id="a table of UTF-16"),
        pytest.param('[{"image_id": "é"}]'.encode("latin-1"),
                     "x: row 1: expected UTF-8, got the byte 0xe9 in line 1$", id="latin-1"),
        pytest.param('{"annolist": [],\n"é": 1}'.encode("latin-1"),
                     "x: expected UTF-8, got the byte 0xe9 in line 2$", id="latin-1 in an object"),
        pytest.param(b'{"0.jpg": {"version": "x"}}',
                     r'x: image 0.jpg: expected a list .* bodies or people, got {"version": "x"}$',
                     id="no people"),
        pytest.param(b'{"1.jpg": null}', r"x: image 1.jpg: expected a list of people, .* got null$",
                     id="nothing"),
    ],
)  # fmt: skip
def test_what_is_nearly_poses_is_told_where_it_goes_wrong(
    content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError, match=message):
        load(tmp_path / "x")


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.json: cannot be read: No such file"):
        load(tmp_path / "nowhere.json")
    with pytest.raises(InputError, match="nowhere: cannot be read"):
        load(tmp_path / "nowhere", format="alphapose")
    with pytest.raises(InputError, match="expected a folder of JSON files"):
        load(tmp_path)
    for name in ("alphapose", "alphapose-forvis", "coco"):
        with pytest.raises(InputError, match="expected a file, found a folder"):
            load(tmp_path, format=name)


def test_an_unknown_format_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected one of alphapose, .*; got 'openpos'"):
        load(DATA / "alphapose-list.json", format="openpos")
    with pytest.raises(InputError, match="got 'xml'"):
        save(tmp_path / "x", load(DATA / "alphapose-list.json"), format="xml")


def test_the_suffix_and_the_source_choose_the_output(tmp_path: Path) -> None:
    forvis, made = load(DATA / "alphapose-forvis.json"), walk(FORMATS["alphapose"], [[1]])
    for name, sequence, expected in (
        ("a.json", forvis, "alphapose-forvis"),
        ("a.poses", forvis, "alphapose-forvis"),
        ("b.json", made, "alphapose"),
        ("c.csv", forvis, "csv"),
        ("d.parquet", made, "parquet"),
    ):
        save(tmp_path / name, sequence)
        assert recognise(tmp_path / name).name == expected
    # A table's rows, or a folder's, do not fit in a .json file.
    save(tmp_path / "e.json", load(tmp_path / "c.csv"))
    assert recognise(tmp_path / "e.json").name == "alphapose"


def test_a_list_of_images_is_for_coco_only() -> None:
    with pytest.raises(InputError, match="with COCO results only, got one"):
        load(DATA / "alphapose-list.json", images=DATA / "coco-images.json")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab"\\[]{},: ', max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner)
        ),
        max_leaves=8,
    ),
    st.data(),
)
def test_the_beginning_of_json_is_json(value: object, data: st.DataObject) -> None:
    text = json.dumps([value]).encode()
    assert parse_beginning(text) == [value]
    cut = data.draw(st.integers(1, len(text)))
    assert isinstance(parse_beginning(text[:cut]), list)


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        pytest.param(rb'[{"a": "x\"]}", "b": [1, 2', [{"a": 'x"]}', "b": [1]}], id="quotes"),
        pytest.param(rb'[{"a": "x\\", "b": "y, {', [{"a": "x\\"}], id="backslashes"),
        pytest.param(b'{"a": {"b": [', {"a": {"b": []}}, id="opened"),
        pytest.param(b'{"a": 1, "b"', {"a": 1}, id="a field without a value"),
        pytest.param(b"]", None, id="closed only"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_a_cut_text_is_closed(cut: bytes, expected: object) -> None:
    assert parse_beginning(cut) == expected


@pytest.mark.parametrize(
    ("content", "name"),
    [
        # A number for the image alone is COCO's; with an id it is AlphaPose's.
        pytest.param(
            [{"image_id": 7, "keypoints": [1000.062505] * 3 * 133, "score": 1, "idx": 2}],
            "alphapose",
            id="after a long row",
        ),
        # Without the last field this could be images without people.
        pytest.param(
            {"info": [], "note": "x" * 5000, "annolist": []}, "posetrack17", id="after a long text"
        ),
    ],
)
def test_what_tells_a_format_may_come_late(tmp_path: Path, content: object, name: str) -> None:
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert recognise(tmp_path / "x.json").name == name

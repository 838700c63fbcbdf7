"""Documents that are one object around a long list: read a piece at a time, as if at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.formats import documents, load, load_truth
from poseflow.formats.documents import read_list


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object or two in each."""
    monkeypatch.setattr(documents, "_PIECE", 40)


def taken(path: Path) -> list[tuple[int, list[Any]]]:
    return read_list(path, "annolist", lambda items, before: (before, items))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.json"
    path.write_text(text)
    return path


TEXTS = st.sampled_from(['"', "\\", '},{"a"', '{"a":', "] }", "x" * 50, "é", "\\\\"])
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.just("a"), inner, max_size=2)
    ),
    max_leaves=5,
)
ITEMS = st.lists(
    st.fixed_dictionaries({"a": VALUES}) | st.fixed_dictionaries({"b": VALUES, "a": VALUES}),
    max_size=12,
)


@given(items=ITEMS, indent=st.sampled_from([None, 0, 2]), more=st.booleans(), last=st.booleans())
def test_the_pieces_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, items: list[Any], indent: Any, more: bool, last: bool
) -> None:
    fields = {"annolist": items} | ({"version": items} if more else {})
    document = dict(reversed(fields.items())) if last else fields
    path = tmp_path_factory.mktemp("x") / "x.json"
    path.write_text(json.dumps(document, indent=indent) + "\n")

    pieces = taken(path)

    assert [item for _, piece in pieces for item in piece] == items
    assert [before for before, _ in pieces] == [
        sum(len(piece) for _, piece in pieces[:i]) for i in range(len(pieces))
    ]


def test_there_are_pieces(tmp_path: Path) -> None:
    items = [{"a": "x" * 30}, {"a": 1}, {"a": "x" * 30}, {"a": 2}]
    text = json.dumps({"annolist": items})
    assert [len(piece) for _, piece in taken(written(tmp_path, text))] == [2, 2]


def test_a_cut_within_an_object_is_none(tmp_path: Path) -> None:
    inner = [{"a": "x" * 40}, {"a": 1}]
    items = [{"a": inner}, {"a": inner}, {"a": 2}]
    pieces = taken(written(tmp_path, json.dumps({"annolist": items})))
    assert pieces == [(0, items)]


def test_no_frames_are_one_empty_piece(tmp_path: Path) -> None:
    assert taken(written(tmp_path, '{"annolist": []}')) == [(0, [])]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param('{"annolist": [%s, 5]}', "annolist 4: expected an object, got 5", id="item"),
        pytest.param('{"annolist": [%s,]}', "not valid JSON, cut off perhaps: ", id="comma"),
        pytest.param('{"annolist": [%s,}', "not valid JSON, cut off perhaps: ", id="neither"),
        pytest.param('{"annolist": [%s}', "not valid JSON, cut off perhaps: ", id="open"),
        pytest.param('{"annolist": [%s]}]}', "not valid JSON, cut off perhaps: ", id="more"),
        pytest.param('{"annolist": [%s] %%}', "not valid JSON, cut off perhaps: ", id="between"),
    ],
)
def test_what_is_wrong_in_a_later_piece(tmp_path: Path, text: str, complaint: str) -> None:
    items = ", ".join(json.dumps({"a": "x" * 40}) for _ in range(3))
    path = written(tmp_path, text.replace("%s", items))
    with pytest.raises(InputError) as error:
        taken(path)
    assert str(error.value).startswith(f"{path}: {complaint}")


def test_numbers_that_json_lacks_are_read(tmp_path: Path) -> None:
    items = ", ".join('{"a": "%s"}' % ("x" * 40) for _ in range(3))
    (*_, (before, (last,))) = taken(written(tmp_path, f'{{"annolist": [{items}, {{"a": NaN}}]}}'))
    assert before == 3
    assert last["a"] != last["a"]


def frame(i: int, x: object) -> Any:
    person = {"track_id": [i], "annopoints": [{"point": [{"id": [3], "x": [x], "y": [2]}]}]}
    return {"image": [{"name": f"{i}.jpg"}], "annorect": [person] * (i % 3), "is_labeled": [i % 2]}


def test_frames_of_all_pieces_are_one_clip(tmp_path: Path) -> None:
    frames = [frame(i, i + 0.5) for i in range(7)]
    truth = load_truth(written(tmp_path, json.dumps({"annolist": frames})))
    assert truth.sequence.image_names == tuple(f"{i}.jpg" for i in range(7))
    assert [len(poses) for poses in truth.sequence.frames] == [0, 1, 2, 0, 1, 2, 0]
    assert [len(boxes) for boxes in truth.head_boxes] == [0, 1, 2, 0, 1, 2, 0]
    assert [p.rows.tolist() for p in truth.sequence.frames if len(p)] == [[0], [1, 2], [3], [4, 5]]
    assert truth.sequence.frames[5].keypoints[1, 3].tolist() == [5.5, 2]
    assert truth.sequence.frames[5].track_ids.tolist() == [6, 6]
    assert truth.labelled.tolist() == [False, True] * 3 + [False]


def test_a_mistake_in_a_later_piece_is_named(tmp_path: Path) -> None:
    frames = [frame(i, i) for i in range(5)] + [frame(5, "far")]
    path = written(tmp_path, json.dumps({"annolist": frames}))
    with pytest.raises(InputError) as error:
        load(path)
    assert str(error.value) == (
        f'{path}: frame 6 (5.jpg): person 1: point 1: x: expected a finite number, got "far"'
    )

"""The page: pictures whose every coordinate is known, and HTML that is well-formed."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from poseflow.evaluation import Evaluation, Lives, Score
from poseflow.evaluation.report import page, page_of, plots, svg, timelines
from poseflow.evaluation.report.tables import Column, Row, Table
from poseflow.evaluation.report.timelines import Lane, Mark
from poseflow.evaluation.scores import Clear, Precision, Switch
from poseflow.skeletons import skeleton

NOBODY = -1


def lane(name: int, partners: list[int], start: int = 0) -> Lane:
    """A row that is there in every frame from `start` on."""
    frames = np.arange(start, start + len(partners))
    return Lane(name, frames, np.array(partners, dtype=np.int64))


def drawn(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def of_class(tree: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [e for e in tree.iter() if e.get("class") == name]


# -- Runs and colours ---------------------------------------------------------------------------


def test_a_run_ends_where_the_partner_changes_and_at_a_gap():
    one = Lane(7, np.array([0, 1, 2, 5, 6, 7]), np.array([4, 4, 9, 9, NOBODY, NOBODY]))
    assert list(one.runs()) == [(0, 2, 4), (2, 3, 9), (5, 6, 9), (6, 8, NOBODY)]


def test_a_lane_without_frames_has_no_runs():
    assert list(lane(1, []).runs()) == []


def test_ids_that_follow_each_other_in_a_row_have_different_colours():
    # Nine ids: the ninth has the first's colour by turn, but follows it in the row of person 1.
    rows = [lane(1, [1, 9]), *(lane(k, [k]) for k in range(2, 9))]
    found = timelines.colours(rows)
    assert found[1] != found[9]
    assert len({found[k] for k in range(1, 9)}) == 8


def test_missed_people_need_no_colour():
    assert timelines.colours([lane(1, [NOBODY, NOBODY])]) == {}


# -- Time lines ---------------------------------------------------------------------------------


def test_every_switch_is_flagged_at_its_frame():
    # 4 frames over 880 pixels from 56 on: frame 2 begins at 56 + 2 · 220.
    rows = [lane(3, [1, 1, 2, 2]), lane(5, [4, 4, 4, 4])]
    marks = [Mark(frame=2, person=3, before=1, after=2, frame_name="0002.jpg")]
    tree = drawn(timelines.timeline(4, rows, [lane(1, [3, 3])], marks))
    flags = of_class(tree, "switch")
    assert [re.findall(r"M(\d+) ", flag.get("d", "")) for flag in flags] == [["496"]]
    titles = [e.text for e in tree.iter("title")]
    assert titles == [
        "person 3: matched in 4 of 4 frames; switches at 0002.jpg (1 → 2)",
        "person 5: matched in 4 of 4 frames",
        "track 1: matched in 2 of 2 frames",
    ]


def test_a_bar_is_as_long_as_the_match_and_a_line_where_there_is_none():
    tree = drawn(timelines.timeline(4, [lane(3, [1, 1, NOBODY], start=1)], [], []))
    (bar,) = of_class(tree, "id0")
    (line,) = of_class(tree, "alone")
    assert bar.get("d", "").startswith("M276 20h439v13")
    assert line.get("d") == "M716 26.5h220"


def test_a_track_has_the_colour_of_its_id_among_the_people():
    tree = drawn(timelines.timeline(2, [lane(1, [8, 9])], [lane(9, [1], 1), lane(8, [1])], []))
    first, second = (of_class(tree, f"id{k}") for k in (0, 1))
    assert len(first) == len(second) == 2


def test_of_too_many_tracks_the_longest_are_drawn_and_the_rest_counted():
    tracks = [lane(k, [NOBODY] * (1 + (k > 3))) for k in range(timelines.MOST_TRACKS + 3)]
    text = timelines.timeline(2, [], tracks, [])
    names = {e.text for e in of_class(drawn(text), "end")}
    assert names == {str(k) for k in range(timelines.MOST_TRACKS + 3)} - {"1", "2", "3"}
    assert "and 3 more, each in fewer frames" in text


@pytest.mark.parametrize("n_frames", [0, 1])
def test_nobody_is_a_picture_too(n_frames):
    assert "nan" not in timelines.timeline(n_frames, [], [], [])


# -- Precision against recall -------------------------------------------------------------------


def test_the_filled_area_is_the_average_precision():
    # Recall 0.5 at precision 1, recall 1 at precision 0.5: AP = 0.5 · 1 + 0.5 · 0.5.
    recall, precision = np.array([0.5, 0.5, 1.0]), np.array([1.0, 0.5, 0.5])
    tree = drawn(plots.precision_recall("wrist", 0.75, recall, precision))
    path = of_class(tree, "area")[0].get("d", "")
    left, bottom = (float(v) for v in re.match(r"M(\S+) ([\d.]+)", path).groups())
    area, at = 0.0, left
    for down, right in re.findall(r"V([\d.]+)H([\d.]+)", path):
        area += (float(right) - at) * (bottom - float(down))
        at = float(right)
    assert area / plots.PANEL**2 == pytest.approx(0.75, abs=1e-3)


def test_a_curve_of_many_points_stays_small_and_keeps_its_ends():
    recall = np.linspace(0.00001, 0.9, 200_000)
    text = plots.precision_recall("wrist", 0.5, recall, np.linspace(1, 0.3, 200_000))
    assert len(text) < 8000
    points = of_class(drawn(text), "curve")[0].get("points", "").split()
    assert points[0] == "22,20"
    assert points[-1] == "130,104"


def test_a_joint_that_never_occurs_says_so():
    text = plots.precision_recall("ankle", np.nan, np.empty(0), np.empty(0))
    assert "not in the truth" in text
    assert "nan" not in text


def test_a_joint_that_nobody_predicted_has_an_empty_panel():
    tree = drawn(plots.precision_recall("ankle", 0.0, np.empty(0), np.empty(0)))
    assert not of_class(tree, "curve")


# -- Causes -------------------------------------------------------------------------------------


def test_bars_are_as_long_as_the_shares_and_follow_each_other():
    rows = [plots.Lost("a", (0.1, 0.2, 0.02), 0.68), plots.Lost("b", (0.4, 0.0, 0.0), 0.6)]
    tree = drawn(plots.causes(rows, 0.4))
    per_share = plots.BARS / 0.4
    widths = [[float(e.get("width", "")) for e in of_class(tree, f"cause{k}")] for k in range(3)]
    assert widths == [[0.1 * per_share, 0.4 * per_share], [0.2 * per_share, 0], [32, 0]]
    starts = [float(of_class(tree, f"cause{k}")[0].get("x", "")) for k in range(3)]
    assert starts == [plots.NAMES, plots.NAMES + 160, plots.NAMES + 160 + 320]
    assert next(e.text for e in tree.iter("title")) == (
        "a: 10.0 misses, 20.0 false positives, 2.0 switches"
    )


@pytest.mark.parametrize(
    ("most", "expected"),
    [(60, [0, 10, 20, 30, 40, 50, 60]), (0.3, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]), (1, None)],
)
def test_ticks_are_round_and_within_the_axis(most, expected):
    found = svg.steps(most)
    assert 3 <= len(found) <= 7
    assert found[-1] <= most
    if expected:
        assert found == expected


# -- The page -----------------------------------------------------------------------------------


def whole(n_clips: int = 1, picture: str = "<svg/>") -> page.Page:
    table = Table(
        "t", "A <table>", "figure", (Column("MOTA", "%", 1, "1 − m & f"),), (Row("a", (None,)),)
    )
    return page.Page(
        title="Evaluation of <this>",
        about="1 sequence",
        tiles=[page.Tile("97.1", "MOTA", "oracle 98.0"), page.Tile("3", "switches")],
        sentences=["a & b"],
        notes=["one-frame sequence left out"],
        tables=[table],
        sequences=None,
        lost=[plots.Lost("x&y", (0.0, 0.0, 0.0), 1.0)],
        panels=[plots.precision_recall("nose", 1.0, np.array([1.0]), np.array([1.0]))],
        clips=[page.Drawing(f"clip {k}", picture) for k in range(n_clips)],
        meanings={"MOTA": "1 − m & f"},
    )


def test_the_page_is_well_formed_and_fetches_nothing():
    text = page.as_html(whole())
    tree = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    assert tree.tag == "html"
    assert not {"script", "link", "img", "iframe"} & {e.tag for e in tree.iter()}
    assert "http" not in text
    assert "url(" not in text
    assert "nan" not in text.lower()


def test_a_page_has_the_same_bytes_each_time():
    assert page.as_html(whole(3)) == page.as_html(whole(3))


def test_time_lines_that_make_the_page_too_large_are_named_instead():
    large = f"<svg>{'x' * (page.MOST_BYTES // 2 - 11)}</svg>"
    text = page.as_html(whole(4, large))
    assert text.count(large) == 2
    assert "Left out to keep this page small: clip 2, clip 3." in text


def test_the_first_time_lines_are_open():
    tree = ElementTree.fromstring(page.as_html(whole(5)).removeprefix("<!DOCTYPE html>\n"))
    assert [e.get("open") for e in tree.iter("details")] == ["open"] * 3 + [None] * 2


# -- From an evaluation to its page -------------------------------------------------------------


def score(name: str, misses: int) -> Score:
    """Of every joint ten, and so many missed."""
    none = np.zeros(15, dtype=np.int64)
    precision = Precision(np.ones(15), np.ones(15), np.ones(15), ((np.ones(1), np.ones(1)),) * 15)
    return Score(name, precision, Clear(none + 10, none + misses, none, none, none, none, none))


def lives(*switches: Switch) -> Lives:
    """Two frames of persons 5 and 6: who is 5 is found as 8 and then as 9, and 6 is missed."""
    return Lives(
        frame_names=("0.jpg", "1.jpg"),
        true_frames=np.array([0, 0, 1, 1]),
        true_ids=np.array([6, 5, 5, 6]),
        predicted_frames=np.array([0, 1, 1]),
        predicted_ids=np.array([8, 9, 7]),
        matched=np.array([-1, 0, 1, -1]),
        switches=switches,
    )


@pytest.fixture
def made() -> page.Page:
    """Of three sequences; the one with the switch is neither first nor worst."""
    scores = score("one", 1), score("two", 3), score("three", 2)
    clips = lives(), lives(), lives(Switch(1, 5, 8, 9))
    joints = skeleton("posetrack-15").keypoints
    return page_of(Evaluation("strict", joints, scores, score("total", 2), (), None, clips, ("n",)))


def test_sequences_with_most_switches_come_first(made):
    assert [clip.words for clip in made.clips] == [
        "three: 1 switch, 2 people, 2 frames",
        "one: 0 switches, 2 people, 2 frames",
        "two: 0 switches, 2 people, 2 frames",
    ]


def test_the_worst_mota_comes_first(made):
    assert [row.name for row in made.lost] == ["two", "three", "one"]
    assert [row.mota for row in made.lost] == pytest.approx([0.7, 0.8, 0.9])


def test_each_person_and_each_track_has_its_row(made):
    told = [e.text for e in drawn(made.clips[0].svg).iter("title")]
    assert told == [
        "person 5: matched in 2 of 2 frames; switches at 1.jpg (8 → 9)",
        "person 6: matched in 0 of 2 frames",
        "track 7: matched in 0 of 1 frames",
        "track 8: matched in 1 of 1 frames",
        "track 9: matched in 1 of 1 frames",
    ]
    assert [e.text for e in of_class(drawn(made.clips[0].svg), "on")] == ["8", "9", "5", "5"]


def test_without_identities_there_is_a_page_all_the_same(made):
    assert [tile.name for tile in made.tiles] == ["mAP", "MOTA"]
    assert [tile.value for tile in made.tiles] == ["100.0", "80.0"]
    ElementTree.fromstring(page.as_html(made).removeprefix("<!DOCTYPE html>\n"))


def test_axes_say_what_they_count():
    panel = plots.precision_recall("wrist", 0.5, np.array([0.5]), np.array([1.0]))
    assert {"precision", "recall", "0", "1"} <= {e.text for e in drawn(panel).iter("text")}
    bars = plots.causes([plots.Lost("a", (0.1, 0.2, 0.1), 0.6)], 0.4)
    assert "for every 100 true joints" in {e.text for e in drawn(bars).iter("text")}

"""`poseflow posetrack`, as a user meets it."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from conftest import shared
from poseflow import load
from poseflow.cli import main
from poseflow.correspondence.files import read_correspondences
from poseflow.posetrack.matching import spread
from posetrack_tree import FILMS_17, FILMS_18, make_tree, sample


@pytest.fixture(scope="module")
def trees(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("verb")
    for year in (2017, 2018):
        make_tree(folder / str(year) / "data", year)
    return folder


@pytest.fixture(params=[2017, 2018], ids=["2017", "2018"])
def year(request) -> int:
    return request.param


@pytest.fixture
def at(trees, year, tmp_path, monkeypatch) -> Path:
    """A copy of the data set, as data/, and poses of it in the folder one is in."""
    shutil.copytree(trees / str(year), tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def films(year: int) -> dict:
    return FILMS_17 if year == 2017 else FILMS_18


def track(*words: str, split: str = "val", out: str = "predicted") -> int:
    poses = [] if "--poses" in words else ["--poses", f"alpha-pose-results-{split}.json"]
    return main(
        ["posetrack", "track", "--root", "data", "--split", split, "--out", out, *poses, *words]
    )


def names_in(path: Path) -> list[str]:
    """The images of a file of PoseTrack's, without our own reader."""
    content = json.loads(path.read_text())
    if "annolist" in content:
        return [entry["image"][0]["name"] for entry in content["annolist"]]
    return [image["file_name"] for image in content["images"]]


def walked(film, predicted) -> dict[int, set[int]]:
    """The predicted ids of each true person, who is told by the place of the head's top."""
    column = predicted.skeleton.keypoints.index("head_top")
    ids: dict[int, set[int]] = {walk.track_id: set() for walk in film.people}
    for number, poses in zip(film.numbers, predicted.frames, strict=True):
        present = film.present(number)
        assert len(poses) == len(present)
        for walk in present:
            head = np.array(walk.joints(number)["head_top"])
            apart = np.abs(poses.keypoints[:, column] - head).max(axis=1)
            (row,) = np.flatnonzero(apart < 1e-9)
            ids[walk.track_id].add(int(poses.track_ids[row]))
    return ids


@pytest.mark.parametrize("matcher", ["dis", "lk", "orb", "none"])
def test_frames_are_the_annotations_and_everybody_has_one_id(at, year, matcher, capsys):
    assert track("--matcher", matcher) == 0
    assert {p.name for p in Path("predicted").iterdir()} == {
        f"{film.name}.json" for film in films(year)["val"]
    }
    for film in films(year)["val"]:
        path = Path("predicted", f"{film.name}.json")
        assert names_in(path) == film.images
        ids = list(walked(film, load(path)).values())
        assert all(len(own) == 1 for own in ids)
        assert len(set.union(*ids)) == len(film.people)
        assert max(set.union(*ids)) <= 10_000
    said = capsys.readouterr().out
    some = next(f for f in films(year)["val"] if f.empty)
    assert f"{some.name}: 8 frames, 14 poses, 2 people" in said
    assert "written: predicted" in said


@pytest.mark.parametrize("setting", ["published", "paper"])
def test_other_settings_track_a_split_too(at, year, setting):
    assert track("--setting", setting, "--matcher", "dis") == 0
    for film in films(year)["val"]:
        assert names_in(Path("predicted", f"{film.name}.json")) == film.images


def test_any_number_of_workers_writes_the_same_bytes(at, year):
    assert track(out="one") == 0
    assert track("--workers", "2", out="two") == 0
    for film in films(year)["val"]:
        one, two = (Path(folder, f"{film.name}.json") for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_file_for_each_sequence_writes_the_same_bytes(at, year):
    Path("poses").mkdir()
    for film in films(year)["val"]:
        Path("poses", f"{film.name}.json").write_text(json.dumps(sample([film])))
    assert track(out="one") == 0
    assert track("--poses", "poses", out="many") == 0
    for film in films(year)["val"]:
        one, many = (Path(folder, f"{film.name}.json") for folder in ("one", "many"))
        assert one.read_bytes() == many.read_bytes()


def test_a_list_of_all_people_writes_the_same_bytes(at, year):
    rows = [
        {"image_id": name, "category_id": 1, **person}
        for name, people in sample(films(year)["val"]).items()
        for person in people
    ]
    Path("list.json").write_text(json.dumps(rows))
    assert track(out="one") == 0
    assert track("--poses", "list.json", "--workers", "2", out="list") == 0
    for film in films(year)["val"]:
        one, other = (Path(folder, f"{film.name}.json") for folder in ("one", "list"))
        assert one.read_bytes() == other.read_bytes()


def test_an_evaluator_finds_nothing_wrong(at, year, capsys):
    assert track(*("--matcher", "none")) == 0
    judge = ["evaluate", "--truth", "data/annotations/val", "--predictions", "predicted"]
    assert main([*judge, "--to", "csv"]) == 0
    said = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    figures = {(table, row, column): value for table, row, column, _, value in
               (line for line in said if len(line) == 5)}  # fmt: skip
    assert float(figures["joints", "mAP", "Total"]) == 100
    assert float(figures["joints", "MOTA", "Total"]) == 100


def test_true_poses_are_poses(at, year):
    """Annotations as input judge the tracker alone; an unlabelled frame has nobody in them."""
    assert track("--poses", "data/annotations/train", split="train") == 0
    film = films(year)["train"][0]
    (path,) = Path("predicted").iterdir()
    assert all(len(own) == 1 for own in walked(film, load(path)).values())


def test_images_between_help_without_being_predicted(at, year):
    poses = sample(films(year)["val"], between=True)
    Path("dense.json").write_text(json.dumps(poses))
    assert track("--poses", "dense.json") == 0
    for film in films(year)["val"]:
        path = Path("predicted", f"{film.name}.json")
        assert names_in(path) == film.images
        assert all(len(own) == 1 for own in walked(film, load(path)).values())


@pytest.mark.parametrize("year", [2018], indirect=True)
def test_a_split_without_annotations(at):
    assert track(split="test") == 0
    (film,) = FILMS_18["test"]
    path = Path("predicted", "000003_mpii_test.json")
    assert names_in(path) == film.images
    assert all(len(own) == 1 for own in walked(film, load(path)).values())


def test_unsure_joints_stay_out(at, year):
    # Joint i of MPII's sixteen has score (i + 1) / 20; 0.5 is that of its head top, 9.
    assert track("--min-joint-score", "0.5") == 0
    (path, *_) = sorted(Path("predicted").iterdir())
    predicted = load(path)
    frame = next(poses for poses in predicted.frames if len(poses))
    there = {n for n, p in zip(predicted.skeleton.keypoints, frame.keypoints[0], strict=True)
             if not np.isnan(p[0])}  # fmt: skip
    arms = {f"{s}_{j}" for s in ("left", "right") for j in ("wrist", "elbow", "shoulder")}
    assert there == arms | {"head_top"}


def test_matching_writes_one_file_for_every_two_neighbours(at, year, capsys):
    assert main(["posetrack", "match", "--root", "data", "--split", "val", "--matcher", "orb"]) == 0
    made = {str(p.relative_to("correspondences")) for p in Path("correspondences").rglob("*.txt")}
    wanted = set()
    for film in films(year)["val"]:
        stems = [Path(name).stem for name in film.images]
        wanted |= {f"{film.folder}/{a}_{b}_orb.txt" for a, b in pairwise(stems)}
    assert made == wanted
    # Nothing is put into the data set.
    assert not list(Path("data").rglob("*.txt"))
    film = films(year)["val"][0]
    first = read_correspondences(Path("correspondences", sorted(made)[0]))
    assert len(first.source)
    assert f"{film.name}: {len(film.images) - 1} pairs" in capsys.readouterr().out


def test_tracking_by_those_files_is_tracking_by_the_matcher(at, year):
    words = ["--setting", "published"]
    assert main(["posetrack", "match", "--root", "data", "--split", "val", "--matcher", "orb"]) == 0
    assert track(*words, "--matcher", "orb", out="at-once") == 0
    assert track(*words, "--correspondences", "correspondences", out="by-files") == 0
    for film in films(year)["val"]:
        a, b = (Path(folder, f"{film.name}.json") for folder in ("at-once", "by-files"))
        assert a.read_bytes() == b.read_bytes()


def test_files_may_lie_beside_the_images_as_in_2018(at, year):
    words = ["posetrack", "match", "--root", "data", "--split", "train", "--workers", "2"]
    assert main([*words, "--out", "data", "--matcher", "dis"]) == 0
    film = films(year)["train"][0]
    a, b = (Path(name).stem for name in film.images[:2])
    found = read_correspondences(Path("data", film.folder, f"{a}_{b}.txt"))
    # The ground stands still; points are 16 pixels apart, the first 8 from the edges.
    apart = np.abs(found.target - found.source).max(axis=1)
    assert len(found.source) > 100
    assert np.median(apart) < 0.5
    assert set((found.source % 16).ravel()) == {8.0}
    assert track("--correspondences", "data", split="train") == 0


def test_all_splits_are_matched_if_none_is_named(at, year):
    assert main(["posetrack", "match", "--root", "data", "--matcher", "lk", "--quiet"]) == 0
    for of_split in films(year).values():
        for film in of_split:
            made = list(Path("correspondences", film.folder).iterdir())
            assert len(made) == len(film.images) - 1


def test_points_are_spread_all_over_an_image():
    assert spread(40, 20, 16.0).tolist() == [[8, 8], [24, 8]]
    assert len(spread(3, 3, 16.0)) == 0


def test_real_annotations_of_2018_as_data_set_and_as_poses(tmp_path, monkeypatch):
    shutil.copytree(shared("data", "posetrack18", "val"), tmp_path / "data/annotations/val")
    monkeypatch.chdir(tmp_path)
    assert track("--poses", "data/annotations/val", "--matcher", "none") == 0
    for path in Path("data/annotations/val").iterdir():
        true, found = load(path), load(Path("predicted", path.name))
        # Whom the tracker takes for seen twice has no id and is left out.
        assert found.image_names == true.image_names
        assert 1 <= len(found.frames[0]) <= len(true.frames[0])
        ids = found.frames[0].track_ids.tolist()
        assert sorted(ids) == list(range(1, len(ids) + 1))
        rows = {tuple(np.nan_to_num(p).ravel()) for p in true.frames[0].keypoints}
        assert {tuple(np.nan_to_num(p).ravel()) for p in found.frames[0].keypoints} <= rows


def refused(capsys, code: int) -> str:
    said = capsys.readouterr()
    assert code == 2
    (line,) = said.err.splitlines()
    return line


def cut(path: str) -> None:
    Path(path).write_bytes(Path(path).read_bytes()[:-20])


@pytest.mark.parametrize("year", [2018], indirect=True)
@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--split", "dev"], "expected annotations/dev/", id="split"),
        pytest.param(["--root", "nowhere"], "expected the folder of the PoseTrack", id="root"),
        pytest.param(["--poses", "none.json"], "none.json: cannot be read", id="no-poses"),
        pytest.param(
            ["--poses", "alpha-pose-results-train.json"], "no poses for 2 of the 2", id="other"
        ),
        pytest.param(["--out", "data/annotations/val"], "which is never touched", id="out"),
        pytest.param(["--workers", "0"], "workers: expected 1 or more, got 0", id="workers"),
        pytest.param(["--min-joint-score", "-1"], "expected 0 or more, got -1.0", id="least"),
        pytest.param(["--min-joint-score", "nan"], "expected 0 or more, got nan", id="nan"),
        pytest.param(["--matcher", "sift"], "expected one of dis, lk, orb", id="matcher"),
        pytest.param(["--reach", "30"], "expected with --setting published", id="setting"),
        pytest.param(["--correspondences", "."], "expected correspondence files", id="files"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(at, words, message, capsys):
    before = {p: p.stat().st_mtime_ns for p in Path().rglob("*")}
    assert message in refused(capsys, track(*words))
    # But for what the system notes of the folder in which a temporary one was made.
    after = {p: p.stat().st_mtime_ns for p in Path().rglob("*")}
    assert {p: t for p, t in after.items() if p.is_file()} == {
        p: t for p, t in before.items() if p.is_file()
    }
    assert set(after) == set(before)


@pytest.mark.parametrize("year", [2018], indirect=True)
@pytest.mark.parametrize(
    ("harm", "message"),
    [
        pytest.param(
            lambda: Path("data", FILMS_18["val"][0].image(5)).unlink(),
            "000005.jpg: no such image",
            id="no-image",
        ),
        pytest.param(
            lambda: Path("data", FILMS_18["val"][0].image(5)).write_text("?"),
            "000005.jpg: expected an image",
            id="image",
        ),
        pytest.param(
            lambda: cut("data/annotations/val/000342_mpii_test.json"),
            "000342_mpii_test.json: not valid JSON",
            id="annotation",
        ),
        pytest.param(
            lambda: cut("alpha-pose-results-val.json"), "val.json: not valid JSON", id="poses"
        ),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_harmed_is_named_and_nothing_is_written(at, harm, message, workers, capsys):
    harm()
    assert message in refused(capsys, track("--workers", workers))
    assert not Path("predicted").exists()


@pytest.mark.parametrize("year", [2018], indirect=True)
def test_matching_needs_a_matcher(at, capsys):
    code = main(["posetrack", "match", "--root", "data", "--matcher", "none"])
    assert "--matcher: expected one of dis, lk, orb" in refused(capsys, code)
    assert not Path("correspondences").exists()


@pytest.mark.parametrize("year", [2018], indirect=True)
def test_poses_that_nobody_asked_for_are_told(at, capsys):
    every = sample([*FILMS_18["val"], *FILMS_18["train"]])
    Path("all.json").write_text(json.dumps(every))
    assert track("--poses", "all.json") == 0
    assert (
        "all.json: passed over 6 frames with people of 1 sequences that are not in val: "
        "images/train/000001_bonn_train"
    ) in capsys.readouterr().err

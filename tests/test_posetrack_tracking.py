"""The tracker's own options over a split: what they change, they change here as for one clip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from poseflow import load, save
from poseflow.cli import main
from poseflow.poses import Poses, Sequence
from poseflow.posetrack.layout import listings
from poseflow.posetrack.recordings import read_split, recordings
from poseflow.posetrack.tracking import Tracking
from poseflow.tracking import default, published
from posetrack_tree import FILMS_18, make_tree, sample
from standing import COCO, people_at

FILM = FILMS_18["val"][0]
NAME = "000001_bonn"


@pytest.fixture
def lost(tmp_path, monkeypatch) -> None:
    """Somebody who stands still and is not seen for a hundred frames, four seconds."""
    frames = [people_at((100, 100))] * 15 + [Poses.empty(17)] * 100 + [people_at((100, 100))] * 25
    names = tuple(f"images/val/{NAME}/{i:06d}.jpg" for i in range(len(frames)))
    Path(tmp_path, "data", "annotations", "val").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    save(Path("poses.json"), Sequence(COCO, tuple(frames), names), format="posetrack18")
    nobody = tuple(Poses.empty(17) for _ in frames)
    annotation = Path("data", "annotations", "val", f"{NAME}.json")
    save(annotation, Sequence(COCO, nobody, names), format="posetrack18")


@pytest.mark.parametrize(
    ("words", "n_ids"),
    [
        pytest.param([], 2, id="default"),
        pytest.param(["--relink"], 1, id="relink"),
        # The gap is one second of a hundred frames.
        pytest.param(["--fps", "100"], 1, id="fps"),
        pytest.param(["--memory", "5"], 1, id="memory"),
        pytest.param(["--memory", "5", "--fps", "15"], 2, id="both"),
    ],
)
def test_who_was_lost_for_long(lost, words, n_ids):
    given = ["--root", "data", "--split", "val", "--poses", "poses.json", "--out", "predicted"]
    assert main(["posetrack", "track", *given, "--matcher", "none", *words]) == 0
    tracked = load(Path("predicted", f"{NAME}.json"))
    assert len({i for poses in tracked.frames for i in poses.track_ids.tolist()}) == n_ids


def test_a_rate_that_is_none_is_refused(lost, capsys):
    given = ["--root", "data", "--split", "val", "--poses", "poses.json", "--out", "predicted"]
    assert main(["posetrack", "track", *given, "--matcher", "none", "--fps", "0"]) == 2
    assert "fps: expected a number of frames a second above 0" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--appearance", "colour"], ["--reid-model", "m.onnx"]])
def test_appearance_without_images_is_refused(lost, words, capsys):
    given = ["--root", "data", "--split", "val", "--poses", "poses.json", "--out", "predicted"]
    assert main(["posetrack", "track", *given, "--matcher", "none", *words]) == 2
    assert f"images/val/{NAME}" in capsys.readouterr().err
    assert not Path("predicted").exists()


@pytest.fixture
def recording(tmp_path):
    """A sequence of the made-up data set, with its images."""
    make_tree(tmp_path / "data", 2018)
    poses = tmp_path / "poses.json"
    poses.write_text(json.dumps(sample(FILMS_18["val"])))
    given = read_split(poses, lambda path, scale: load(path, score_scale=scale))
    found, _ = recordings(listings(tmp_path / "data", "val"), given, tmp_path / "data")
    return next(one for one in found if one.listing.name == FILM.name)


@pytest.mark.parametrize(
    ("rule", "asked"), [(default(), True), (published(), False)], ids=["default", "published"]
)
def test_our_own_rule_asks_what_people_look_like_in_colour(tmp_path, recording, rule, asked):
    seen: list[tuple[int, int]] = []

    def look(image, poses):
        seen.append((image.ndim, len(poses)))
        return np.full((len(poses), 1), np.nan)

    work = Tracking(tmp_path / "data", rule, None, look=lambda skeleton: look)
    tracked = work(recording)
    assert len(tracked) == len(recording.listing.blank)
    # Not asked of frames in which there is nobody.
    people = [(3, len(poses)) for poses in recording.poses.frames if len(poses)]
    assert [one for one in seen if one[1]] == (people if asked else [])


@pytest.fixture
def coco(tmp_path, monkeypatch) -> None:
    """Results for a whole split, by the numbers that its annotations have for images."""
    make_tree(tmp_path / "data", 2018)
    monkeypatch.chdir(tmp_path)
    poses = sample(FILMS_18["val"])
    annotations = sorted(Path("data", "annotations", "val").iterdir())
    images = [image for path in annotations for image in json.loads(path.read_text())["images"]]
    # Of another video, with poses of nobody asked for.
    images.append({"id": 77, "file_name": "images/val/other/000000.jpg", "vid_id": "other"})
    numbers = {image["file_name"]: image["id"] for image in images}
    # Images between the annotated ones are not listed.
    poses = {name: people for name, people in poses.items() if name in numbers}
    results = [
        {"image_id": numbers[name], "category_id": 1, **person}
        for name, people in poses.items()
        for person in people
    ]
    Path("names.json").write_text(json.dumps(poses))
    Path("results.json").write_text(json.dumps(results))
    Path("images.json").write_text(json.dumps({"images": images}))


COCO_WORDS = ["posetrack", "track", "--root", "data", "--split", "val", "--matcher", "none"]


@pytest.mark.parametrize("images", ["images.json", "data/annotations/val"])
def test_results_of_coco_for_a_whole_split(coco, images):
    """Numbers for images: a list of these, or the annotations, tell which frames they are."""
    given = ["--poses", "results.json", "--image-list", images, "--skeleton", "mpii-16"]
    assert main([*COCO_WORDS, "--poses", "names.json", "--out", "one"]) == 0
    assert main([*COCO_WORDS, *given, "--out", "other"]) == 0
    for film in FILMS_18["val"]:
        one, other = (Path(folder, f"{film.name}.json").read_bytes() for folder in ("one", "other"))
        assert one == other


def test_results_of_coco_without_names_are_refused(coco, capsys):
    given = ["--poses", "results.json", "--skeleton", "mpii-16", "--out", "other"]
    assert main([*COCO_WORDS, *given]) == 2
    assert "of COCO results a list tells them" in capsys.readouterr().err


def test_a_folder_without_lists_is_refused(coco, capsys):
    given = ["--poses", "results.json", "--skeleton", "mpii-16", "--out", "other"]
    assert main([*COCO_WORDS, *given, "--image-list", "data"]) == 2
    assert "data: expected JSON files that list images, found none" in capsys.readouterr().err

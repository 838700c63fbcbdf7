"""A small made-up copy of the PoseTrack data set, laid out as it was released, and poses of it.

Everybody walks on a line of their own, so who is who is known. A nose is in the middle of neck and
head top, which is where one who has only these two puts it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 320, 240

# About the middle of a person, in pixels, by PoseTrack's names in its order of 2017.
BODY = {
    "right_ankle": (-8, 44), "right_knee": (-8, 24), "right_hip": (-7, 4),
    "left_hip": (7, 4), "left_knee": (8, 24), "left_ankle": (8, 44),
    "right_wrist": (-15, 6), "right_elbow": (-14, -9), "right_shoulder": (-11, -24),
    "left_shoulder": (11, -24), "left_elbow": (14, -9), "left_wrist": (15, 6),
    "head_bottom": (0, -28), "nose": (0, -36), "head_top": (0, -44),
}  # fmt: skip
JOINTS_17 = tuple(BODY)
JOINTS_18 = (
    "nose", "head_bottom", "head_top", "left_ear", "right_ear",
    *(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
      for side in ("left", "right")),
)  # fmt: skip
MPII_16 = (
    *JOINTS_17[:6], "pelvis", "thorax", "head_bottom", "head_top",
    "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
)  # fmt: skip


@dataclass(frozen=True)
class Walk:
    """Somebody who goes from (x, y) by (dx, dy) with each frame number."""

    track_id: int
    x: float
    y: float
    dx: float = 0.0
    dy: float = 0.0

    def joints(self, number: int) -> dict[str, tuple[float, float]]:
        x, y = self.x + self.dx * number, self.y + self.dy * number
        points = {name: (x + a, y + b) for name, (a, b) in BODY.items()}
        return points | {"pelvis": (x, y + 4.0), "thorax": (x, y - 24.0)}


@dataclass(frozen=True)
class Film:
    """A sequence of the data set.

    Attributes:
        name: of its annotation.
        folder: of its images, beneath the data set's.
        numbers: of its annotated frames, in order.
        width: digits of an image's name.
        people: who walks there.
        unlabelled: numbers of frames that nobody annotated.
        empty: numbers of frames without people.
        between: numbers of images that are there and not in the annotation.
    """

    name: str
    folder: str
    numbers: tuple[int, ...]
    width: int
    people: tuple[Walk, ...]
    unlabelled: tuple[int, ...] = ()
    empty: tuple[int, ...] = ()
    between: tuple[int, ...] = field(default=())

    def image(self, number: int) -> str:
        return f"{self.folder}/{number:0{self.width}d}.jpg"

    @property
    def images(self) -> list[str]:
        return [self.image(number) for number in self.numbers]

    def present(self, number: int) -> tuple[Walk, ...]:
        return () if number in self.empty else self.people


CROSSING = (Walk(0, 60, 80, 4), Walk(1, 260, 170, -4))
FILMS_17 = {
    "val": (
        # Gaps, unlabelled frames, an image between two annotated ones, another width of names.
        Film("24621_mpii_relpath_5sec_testsub", "images/bonn_mpii_test_5sec/24621_mpii",
             (98, 99, 100, 102, 103, 106, 107), 5,
             (Walk(0, -300, 80, 4), Walk(1, 700, 170, -4), Walk(2, 160, 60)),
             unlabelled=(98, 103), between=(101,)),
        Film("000001_bonn_relpath", "images/bonn/000001_bonn", tuple(range(1, 9)), 8,
             CROSSING, empty=(4,)),
    ),
    "train": (
        Film("000002_bonn_relpath", "images/bonn/000002_bonn", tuple(range(1, 7)), 8, CROSSING),
    ),
}  # fmt: skip
FILMS_18 = {
    "val": (
        Film("000342_mpii_test", "images/val/000342_mpii_test", tuple(range(8)), 6,
             CROSSING, unlabelled=(0, 1), empty=(3,)),
        Film("000522_mpii_test", "images/val/000522_mpii_test", (0, 4, 8, 9, 10), 6,
             (Walk(7, 50, 90, 3), Walk(3, 150, 90), Walk(12, 280, 150, -3)), between=(2, 6)),
    ),
    "train": (
        Film("000001_bonn_train", "images/train/000001_bonn_train", tuple(range(6)), 6, CROSSING),
    ),
    # Not annotated; 10 comes after 9.
    "test": (
        Film("000003_mpii_test", "images/test/000003_mpii_test", (8, 9, 10, 11), 1, CROSSING),
    ),
}  # fmt: skip


def draw(film: Film, root: Path) -> None:
    """Images on which people are patches of a texture of their own."""
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)
    ground = cv2.GaussianBlur(noise, (0, 0), 3)
    (root / film.folder).mkdir(parents=True, exist_ok=True)
    for number in (*film.numbers, *film.between):
        image = cv2.merge([ground] * 3)
        for walk in film.present(number):
            skin = np.random.default_rng(walk.track_id).integers(0, 255, (9, 4), dtype=np.uint8)
            skin = cv2.resize(skin, (36, 92), interpolation=cv2.INTER_CUBIC)
            x, y = (int(v) for v in walk.joints(number)["pelvis"])
            top, left = y - 50, x - 18
            low, high = max(left, 0), min(left + 36, WIDTH)
            if low < high:
                image[top : top + 92, low:high] = skin[:, low - left : high - left, None]
        cv2.imwrite(str(root / film.image(number)), image)


def annotation_17(film: Film) -> dict:
    def person(walk: Walk, number: int) -> dict:
        at = walk.joints(number)
        (x, y), (_, top) = at["head_bottom"], at["head_top"]
        box = {"x1": [x - 8], "y1": [top], "x2": [x + 8], "y2": [y]}
        points = [{"id": [i], "x": [at[j][0]], "y": [at[j][1]], "is_visible": [1]}
                  for i, j in enumerate(JOINTS_17)]  # fmt: skip
        return box | {"track_id": [walk.track_id], "annopoints": [{"point": points}]}

    def entry(number: int) -> dict:
        image = {"image": [{"name": film.image(number)}], "imgnum": [number]}
        labelled = number not in film.unlabelled
        people = [person(walk, number) for walk in film.present(number)] if labelled else []
        return image | {"is_labeled": [int(labelled)], "ignore_regions": [], "annorect": people}

    return {"annolist": [entry(number) for number in film.numbers]}


def annotation_18(film: Film) -> dict:
    video = film.name.partition("_")[0]
    images, people = [], []
    for number in film.numbers:
        image_id = int(f"1{video}{number:04d}")
        labelled = number not in film.unlabelled
        images.append({
            "id": image_id, "frame_id": image_id, "vid_id": video, "nframes": len(film.numbers),
            "file_name": film.image(number), "is_labeled": labelled, "has_no_densepose": True,
            "ignore_regions_x": [], "ignore_regions_y": [],
        })  # fmt: skip
        for walk in film.present(number) if labelled else ():
            at = walk.joints(number)
            points = [(*at[j], 1) if j in at else (0, 0, 0) for j in JOINTS_18]
            (x, y), (_, top) = at["head_bottom"], at["head_top"]
            people.append({
                "id": len(people) + 1, "image_id": image_id, "track_id": walk.track_id,
                "category_id": 1, "keypoints": [v for point in points for v in point],
                "bbox_head": [x - 8, top, 16, y - top], "scores": [],
            })  # fmt: skip
    category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": [*JOINTS_18]}
    return {"images": images, "annotations": people, "categories": [category]}


def keypoints(walk: Walk, number: int, joints: tuple[str, ...] = MPII_16) -> list[float]:
    """x, y, score of a pose; joint j's score is (j + 1) / 20."""
    at = walk.joints(number)
    return [v for i, j in enumerate(joints) for v in (*at[j], (i + 1) / 20)]


def sample(films, *, between: bool = False) -> dict:
    """Poses as the 2018 script took them: by image, MPII-16."""
    return {
        film.image(number): [
            {"keypoints": keypoints(walk, number), "score": 2.5} for walk in film.present(number)
        ]
        for film in films
        for number in sorted((*film.numbers, *(film.between if between else ())))
    }


def make_tree(root: Path, year: int = 2018) -> dict[str, tuple[Film, ...]]:
    """The data set in a folder, with alpha-pose-results-SPLIT.json beside it."""
    films, annotation = (FILMS_17, annotation_17) if year == 2017 else (FILMS_18, annotation_18)
    for split, of_split in films.items():
        for film in of_split:
            draw(film, root)
            if split != "test":
                path = root / "annotations" / split / f"{film.name}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(annotation(film)))
        poses = root.parent / f"alpha-pose-results-{split}.json"
        poses.write_text(json.dumps(sample(of_split)))
    return films

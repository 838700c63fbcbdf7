"""Clips to be judged: true and predicted rows by chance, and people by hand."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from poseflow.evaluation.clips import Clip, People

N_JOINTS = 15


@dataclass(frozen=True)
class World:
    """True and predicted ids of a clip's frames, and how alike each pair of a frame is."""

    true_ids: list[np.ndarray]
    predicted_ids: list[np.ndarray]
    similarities: list[np.ndarray]

    @property
    def arrays(self):
        """The arguments of `hota`."""
        true_frames, predicted_frames = (
            np.repeat(np.arange(len(ids)), [len(of_frame) for of_frame in ids])
            for ids in (self.true_ids, self.predicted_ids)
        )
        pairs = np.argwhere(true_frames[:, None] == predicted_frames)
        return (
            true_frames,
            np.concatenate(self.true_ids),
            predicted_frames,
            np.concatenate(self.predicted_ids),
            *pairs.T,
            np.concatenate([s.ravel() for s in self.similarities]),
        )

    @property
    def trackeval(self):
        """What TrackEval's metrics take, ids numbered from 0 without gaps."""
        names = [np.unique(np.concatenate(ids)) for ids in (self.true_ids, self.predicted_ids)]
        return {
            "gt_ids": [np.searchsorted(names[0], ids) for ids in self.true_ids],
            "tracker_ids": [np.searchsorted(names[1], ids) for ids in self.predicted_ids],
            "similarity_scores": self.similarities,
            "num_gt_ids": len(names[0]),
            "num_tracker_ids": len(names[1]),
            "num_gt_dets": sum(map(len, self.true_ids)),
            "num_tracker_dets": sum(map(len, self.predicted_ids)),
        }


def chance(seed: int, *, found: float = 0.8) -> World:
    """Up to 12 frames of up to 5 people and 6 tracks, in any order, as alike as it happens."""
    draw = np.random.default_rng(seed)
    n_frames, n_people, n_tracks = draw.integers(1, [13, 6, 7])
    names = draw.permutation(1000)
    world = World([], [], [])
    for _ in range(n_frames):
        true_ids, predicted_ids = (
            draw.permutation(ids[draw.random(len(ids)) < found])
            for ids in (names[:n_people], names[-n_tracks:])
        )
        alike = draw.random((len(true_ids), len(predicted_ids))) ** draw.choice([0.3, 1.0, 4.0])
        alike[draw.random(alike.shape) < 0.3] = 0.0
        world.true_ids.append(true_ids)
        world.predicted_ids.append(predicted_ids)
        world.similarities.append(alike)
    return world


def one_person(*found: tuple[int, float] | None) -> World:
    """Frames of one person, id 7, each with one prediction of this id and similarity, or none."""
    return World(
        [np.array([7])] * len(found),
        [np.array([f[0]] if f else [], dtype=np.int64) for f in found],
        [np.array([[f[1]]] if f else np.empty((1, 0))) for f in found],
    )


def people(frames, keypoints, track_ids) -> People:
    """Rows of people without scores; keypoints (N, 15, 2)."""
    keypoints = np.asarray(keypoints, dtype=float).reshape(-1, N_JOINTS, 2)
    return People(
        np.asarray(frames, dtype=np.int64),
        keypoints,
        np.full(keypoints.shape[:2], np.nan),
        np.asarray(track_ids, dtype=np.int64),
    )


def clip(truth: People, predictions: People, n_frames: int, head_size: float = 10.0) -> Clip:
    names = tuple(f"{i:06d}.jpg" for i in range(n_frames))
    return Clip("clip", names, truth, predictions, np.full(len(truth), head_size))


def with_ids(judged: Clip, track_ids: np.ndarray) -> Clip:
    """The clip with other ids of the predictions."""
    renamed = dataclasses.replace(judged.predictions, track_ids=track_ids)
    return dataclasses.replace(judged, predictions=renamed)


BODY = np.random.default_rng(15).normal(size=(N_JOINTS, 2)) * [12.0, 30.0]
"""(15, 2) somebody's joints about the middle, pixels."""


def crowd(seed: int, *, apart: float = 15.0, n_frames: int = 6, n_people: int = 4) -> Clip:
    """People `apart` pixels from one another and predictions of them, joints and rows missing.

    Heads are 10 pixels, predictions off by 3 or so, and ids are changed now and then.
    """
    draw = np.random.default_rng(seed)
    rows = []
    for noise in (0.0, 3.0):
        frames, who = (i.ravel() for i in np.indices((n_frames, n_people)))
        at = np.stack([who * apart, 2.0 * frames], axis=1)
        keypoints = at[:, None] + BODY
        keypoints = keypoints + noise * draw.normal(size=keypoints.shape)
        keypoints[draw.random(keypoints.shape[:2]) < 0.15] = np.nan
        # Whole frames, too.
        stay = (draw.random(len(frames)) < 0.85) & (draw.random(n_frames) < 0.85)[frames]
        stay &= ~np.isnan(keypoints).all(axis=(1, 2))
        ids = who + 1
        if noise:
            changed = draw.random(len(ids)) < 0.15
            ids = np.where(changed, 100 + np.arange(len(ids)), ids)
        rows.append(people(frames[stay], keypoints[stay], ids[stay]))
    return clip(*rows, n_frames)

"""The worked example of docs/evaluation.md."""

from __future__ import annotations

import numpy as np
import pytest

from poseflow.evaluation import evaluate
from poseflow.poses import Poses
from test_evaluation_protocol import FAR, A, B, clip, people, true

HEAD_SIZE = 30.0


def predicted(*poses: tuple[int, tuple[float, float], float, float]) -> Poses:
    """Each (id, place, heads to the right of it, score)."""
    if not poses:
        return Poses.empty(15)
    places = [(x + apart * HEAD_SIZE, y) for _, (x, y), apart, _ in poses]
    made = people(*places, ids=[one for one, *_ in poses])
    scores = np.repeat([[score] for *_, score in poses], 15, axis=1)
    return Poses.from_keypoints(made.keypoints, scores, track_ids=made.track_ids)


@pytest.fixture(scope="module", params=["poseval", "strict"])
def evaluation(request):
    truth = true(*[people(A, B)] * 5)
    predictions = clip(
        predicted((1, A, 0.1, 0.9), (2, B, 0.1, 0.8)),
        predicted((1, A, 0.1, 0.9)),
        predicted((1, A, 0.1, 0.9), (3, B, 0.2, 0.8)),
        predicted(),
        predicted((1, A, 0.1, 0.9), (3, B, 0.1, 0.8), (4, FAR, 0.0, 0.1)),
    )
    return evaluate([(truth, predictions)], request.param)


def test_detections(evaluation):
    precision = evaluation.total.precision
    assert precision.ap == pytest.approx([0.7] * 15)
    assert precision.precision == pytest.approx([7 / 8] * 15)
    assert precision.recall == pytest.approx([7 / 10] * 15)


def test_tracks(evaluation):
    clear = evaluation.total.clear
    if evaluation.protocol == "strict":
        assert clear.mota == pytest.approx([0.5] * 15)
        assert clear.motp == pytest.approx([1 - 0.8 / 7] * 15)
    else:
        assert clear.mota == pytest.approx([1 - 4 / 7] * 15)
        assert clear.motp == pytest.approx([0.88] * 15)
        assert clear.doubled_motp == pytest.approx([0.72] * 15)


def test_identities(evaluation):
    identity, poses = evaluation.total.identity, evaluation.total.poses
    assert identity.idf1 == pytest.approx(12 / 18)
    assert identity.fragmentations == 3
    assert (identity.mostly_tracked, identity.partially_tracked) == (1, 1)
    assert poses.det_a[0] == pytest.approx(7 / 11)
    assert poses.ass_a[0] == pytest.approx(0.6)
    assert poses.hota[0] == pytest.approx((7 / 11 * 0.6) ** 0.5)


def test_the_oracle(evaluation):
    expected = {"strict": 1 - 4 / 10, "poseval": 1 - 3 / 7}[evaluation.protocol]
    assert evaluation.oracle.clear.mota == pytest.approx([expected] * 15)

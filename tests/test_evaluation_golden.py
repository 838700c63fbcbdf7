"""Equality with PoseTrack's evaluator, on its own answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from conftest import shared
from poseflow.evaluation import evaluate
from poseflow.formats import load, load_truth

SETS = ["plain", "quirks"]


def answers(values: list[float]) -> np.ndarray:
    """What the reference wrote, as shares; its last number is the mean of the joints."""
    return np.array(values, dtype=np.float64) / 100


def with_mean(values: np.ndarray) -> np.ndarray:
    return np.append(values, np.nanmean(values))


@pytest.mark.golden
@pytest.mark.parametrize("name", SETS)
def test_every_figure_equals_the_reference(name):
    folder = shared("golden", "poseval", name)
    files = sorted((folder / "gt").glob("*.json"))
    evaluation = evaluate((load_truth(file), load(folder / "pred" / file.name)) for file in files)
    by_name = {score.name: score for score in evaluation.sequences}
    assert sorted(by_name) == [file.stem for file in files]
    for key, score in {**by_name, "total": evaluation.total}.items():
        of_ap = json.loads((folder / "expected" / f"{key}_AP_metrics.json").read_text())
        of_mot = json.loads((folder / "expected" / f"{key}_MOT_metrics.json").read_text())
        for what, ours, theirs in (
            ("AP", score.precision.ap, of_ap["ap"]),
            ("precision", score.precision.precision, of_ap["pre"]),
            ("recall", score.precision.recall, of_ap["rec"]),
            ("MOTA", score.clear.mota, of_mot["mota"]),
            ("MOTP", score.clear.doubled_motp, of_mot["motp"]),
            ("precision of tracks", score.clear.precision, of_mot["pre"]),
            ("recall of tracks", score.clear.recall, of_mot["rec"]),
        ):
            np.testing.assert_allclose(
                with_mean(ours), answers(theirs), rtol=0, atol=1e-11, err_msg=f"{key}: {what}"
            )

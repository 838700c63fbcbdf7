"""All that an evaluation tells, as plain numbers, lists and texts for JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from ..evaluate import Evaluation, Lives, Score
from .figures import hota_of_joints, sequences, tables
from .tables import as_data, number


def everything(evaluation: Evaluation) -> dict[str, Any]:
    """Every figure and every switch; shares in %, None where there is no number."""
    names = evaluation.joints
    return {
        "protocol": evaluation.protocol,
        "unit": "%",
        "notes": list(evaluation.notes),
        "tables": {t.name: as_data(t) for t in (*tables(evaluation), sequences(evaluation))},
        "joints": list(names),
        "total": _score(evaluation.total, names),
        "total with perfect ids": _score(evaluation.oracle, names),
        "sequences": _sequences(evaluation.sequences, names),
        "sequences with perfect ids": _sequences(evaluation.oracle_sequences, names),
        "switches": {
            score.name: _switches(lives)
            for score, lives in zip(evaluation.sequences, evaluation.lives, strict=False)
        },
    }


def _sequences(scores: Iterable[Score], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"name": score.name} | (_score(score, names) or {}) for score in scores]


def _score(score: Score | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    if score is None:
        return None
    ap, clear = score.precision, score.clear
    percents = {
        "AP": ap.ap, "precision at the end of AP's curve": ap.precision,
        "recall at the end of AP's curve": ap.recall, "MOTA": clear.mota, "MOTP": clear.motp,
        "MOTP doubled": clear.doubled_motp, "precision": clear.precision, "recall": clear.recall,
    }  # fmt: skip
    if score.joints is not None and score.printed_joints is not None:
        percents |= hota_of_joints(score.joints)
        percents["HOTA printed"] = hota_of_joints(score.printed_joints)["HOTA"]
    counts = {
        field.name: getattr(clear, field.name)
        for field in dataclasses.fields(clear)
        if "distance" not in field.name
    }
    by_joint = {
        name: {key: number(100.0 * float(values[j])) for key, values in percents.items()}
        | {key: int(values[j]) for key, values in counts.items()}
        for j, name in enumerate(names)
    }
    told: dict[str, Any] = {"joints": by_joint}
    if score.poses is not None and score.identity is not None:
        ids = score.identity
        shares = score.poses.figures() | {"IDF1": ids.idf1, "IDP": ids.idp, "IDR": ids.idr}
        nobody = not ids.people
        told["poses"] = {
            name: None if nobody else number(100.0 * share) for name, share in shares.items()
        } | {name.replace("_", " "): n for name, n in dataclasses.asdict(ids).items()}
    return told


def _switches(lives: Lives) -> list[dict[str, Any]]:
    return [
        {"frame": lives.frame_names[s.frame] or s.frame, "person": int(s.track_id)}
        | {"before": int(s.before), "after": int(s.after)}
        for s in lives.switches
    ]

"""From an evaluation to its tables: which numbers, in which rows, under which names."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..evaluate import Evaluation, Score
from ..hota import Hota
from ..identity import Identity
from ..scores import GROUPS, Clear, grouped
from .tables import Column, Row, Table, number

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ORACLE = "oracle"
"""How every table calls what the same detections would get with perfect association."""

MEANINGS = {
    "Total": "The mean over all joints that occur in the truth, not over the seven groups.",
    "mAP": "Average precision: the area under precision against recall, by joint scores. Ids play "
    "no part in it.",
    "MOTA": "100 less the misses, false positives and id switches for every 100 true joints; it "
    "can be below 0.",
    "MOTP": "How close joints are that are found: 100 less their mean distance in head sizes; 50 "
    "to 100.",
    "MOTP doubled": "MOTP as PoseTrack's evaluator prints it: distances are added up twice or "
    "more. Compare it with printed figures only.",
    "Prec": "Of the predicted joints, how many are right; beside mAP, at the end of its curve.",
    "Rec": "Of the true joints, how many are found; beside mAP, at the end of its curve.",
    "Missed": "True joints that nobody found, for every 100 true ones.",
    "False": "Predicted joints that are nowhere near a true one, for every 100 true ones.",
    "Switched": "Joints found under another id than before, for every 100 true ones.",
    "HOTA": "The geometric mean of DetA and AssA, over 19 thresholds of similarity.",
    "DetA": "Detection accuracy: of true and predicted poses together, how many are matched.",
    "AssA": "Association accuracy: how well the track of each match agrees with the true one.",
    "LocA": "Localisation accuracy: how similar matches are.",
    "FragA": "Association accuracy of unbroken pieces: a person handed from id to id has many.",
    "FA-HOTA": "HOTA that pays for fragments, too: AssA replaced by its mean with FragA.",
    "HOTA printed": "HOTA as PoseTrack21's evaluator prints it: for a frame without any prediction "
    "all joints of the sequence are missed. Compare it with printed figures only.",
    "IDF1": "Poses under the right id, if each person may have one predicted id only.",
    "Switches": "Times a person was found under another id than before (whole poses).",
    "Frag.": "Fragmentations: times a person was lost and found again.",
    "Mostly tracked": "People found in at least 80 % of their frames.",
    "Mostly lost": "People found in less than 20 % of their frames.",
    ORACLE: "What the very same detections would get with perfect ids: those of the true people "
    "that they find, and an id of its own for each that finds nobody.",
}
"""A sentence for each name that is a row or a column of some table."""


def tables(evaluation: Evaluation) -> tuple[Table, ...]:
    """The figures of all sequences together; those that were asked for."""
    total, oracle = evaluation.total, evaluation.oracle
    made = [_joints(evaluation), _lost(evaluation)]
    if oracle is not None:
        made += [_tracks(total, oracle), _joint_tracks(evaluation, total, oracle)]
    return tuple(made)


def _column(name: str, unit: str = "%") -> Column:
    return Column(name, unit, 1 if unit == "%" else 0, MEANINGS.get(name, ""))


def _percent(values: Iterable[float]) -> list[float | None]:
    return [number(100.0 * value) for value in values]


def mean(values: FloatArray) -> float:
    """Of (J,) over the joints that occur; nan = none does."""
    some = values[~np.isnan(values)]
    return float(some.mean()) if len(some) else np.nan


def shares(clear: Clear) -> tuple[float, float, float]:
    """Misses, false positives and switches for each true joint: the mean over joints.

    1 less their sum is MOTA. nan = no joint occurs.
    """
    occurs = clear.objects > 0
    if not occurs.any():
        return np.nan, np.nan, np.nan
    lost = np.stack([clear.misses, clear.false_positives, clear.switches])[:, occurs]
    misses, false, switches = (lost / clear.objects[occurs]).mean(axis=1).tolist()
    return misses, false, switches


def _joints(evaluation: Evaluation) -> Table:
    total, oracle = evaluation.total, evaluation.oracle
    doubled = evaluation.protocol == "poseval"
    more = [*(["MOTP doubled"] if doubled else []), "MOTP", "Prec", "Rec"]

    def tracking(name: str, clear: Clear, *, strong: bool = False) -> Row:
        placed = [mean(clear.doubled_motp)] if doubled else []
        ends = [*placed, mean(clear.motp), mean(clear.precision), mean(clear.recall)]
        means = grouped(evaluation.joints, clear.mota).values()
        return Row(name, tuple(_percent([*means, *ends])), strong)

    ap = total.precision
    ends = [*([np.nan] * (2 if doubled else 1)), mean(ap.precision), mean(ap.recall)]
    means = grouped(evaluation.joints, ap.ap).values()
    rows = [
        Row("mAP", tuple(_percent([*means, *ends])), strong=True),
        tracking("MOTA", total.clear, strong=True),
    ]
    if oracle is not None:
        rows.append(tracking(f"MOTA, {ORACLE}", oracle.clear))
    return Table(
        "joints",
        f"By joint, % (protocol: {evaluation.protocol})",
        "figure",
        (*_groups(), *map(_column, more)),
        tuple(rows),
    )


def _groups() -> list[Column]:
    return [_column(name) for name in (*GROUPS, "Total")]


def _lost(evaluation: Evaluation) -> Table:
    clear = evaluation.total.clear
    objects = np.where(clear.objects > 0, clear.objects, np.nan)
    rows = [
        Row(name, tuple(_percent(grouped(evaluation.joints, counts / objects).values())))
        for name, counts in (
            ("Missed", clear.misses),
            ("False", clear.false_positives),
            ("Switched", clear.switches),
        )
    ]
    title = "What MOTA lost, for every 100 true joints"
    return Table("lost", title, "cause", tuple(_groups()), tuple(rows))


_HOTA = ("HOTA", "DetA", "AssA", "LocA")


def _tracks(total: Score, oracle: Score) -> Table:
    columns = [
        *map(_column, (*_HOTA, "IDF1")),
        *(_column(name, "times") for name in ("Switches", "Frag.")),
        *(_column(name, "people") for name in ("Mostly tracked", "Mostly lost")),
        _column("People", "people"),
    ]
    rows = (
        Row("predicted ids", _whole(total.poses, total.identity), strong=True),
        Row(ORACLE, _whole(oracle.poses, oracle.identity)),
    )
    return Table("poses", "Whole poses, % and counts", "association", tuple(columns), rows)


def _whole(poses: Hota | None, identity: Identity | None) -> tuple[float | None, ...]:
    assert poses is not None
    assert identity is not None
    figures = poses.figures()
    ids = identity.idf1 if identity.people else np.nan
    return (
        *_percent([*(figures[name] for name in _HOTA), ids]),
        identity.switches,
        identity.fragmentations,
        identity.mostly_tracked,
        identity.mostly_lost,
        identity.people,
    )


def hota_of_joints(joints: Hota) -> dict[str, FloatArray]:
    """(J,) of each figure, the mean over thresholds; nan = the joint does not occur."""
    curves = {
        "HOTA": joints.hota, "DetA": joints.det_a, "AssA": joints.ass_a, "LocA": joints.loc_a,
        "FragA": joints.frag_a, "FA-HOTA": joints.fa_hota,
    }  # fmt: skip
    return {name: np.where(joints.occurs, c.mean(axis=-1), np.nan) for name, c in curves.items()}


def _joint_tracks(evaluation: Evaluation, total: Score, oracle: Score) -> Table:
    assert total.joints is not None
    assert total.printed_joints is not None
    assert oracle.joints is not None
    rows = [
        Row(name, tuple(_percent(grouped(evaluation.joints, values).values())), name == "HOTA")
        for name, values in hota_of_joints(total.joints).items()
    ]
    ideal = hota_of_joints(oracle.joints)["HOTA"]
    means = grouped(evaluation.joints, ideal).values()
    rows.insert(1, Row(f"HOTA, {ORACLE}", tuple(_percent(means))))
    printed = hota_of_joints(total.printed_joints)["HOTA"]
    means = grouped(evaluation.joints, printed).values()
    rows.append(Row("HOTA printed", tuple(_percent(means))))
    title = "By joint, as PoseTrack21 judges tracks, %"
    return Table("joint-hota", title, "figure", tuple(_groups()), tuple(rows))


def sequences(evaluation: Evaluation) -> Table:
    """A row for each sequence in the order they came, and one for all together."""
    with_ids = evaluation.oracle is not None
    columns = [_column(name) for name in ("mAP", "MOTA", "Missed", "False", "Switched")]
    if with_ids:
        columns.insert(2, _column(f"MOTA, {ORACLE}"))
        columns += [_column("HOTA"), _column(f"HOTA, {ORACLE}"), _column("IDF1")]
        columns += [_column(name, "times") for name in ("Switches", "Frag.")]
    oracles = evaluation.oracle_sequences if with_ids else [None] * len(evaluation.sequences)
    scored = [*zip(evaluation.sequences, oracles, strict=True)]
    rows = [Row(score.name, _of_sequence(score, oracle)) for score, oracle in scored]
    rows.append(Row("total", _of_sequence(evaluation.total, evaluation.oracle), strong=True))
    title = f"By sequence, % and counts (protocol: {evaluation.protocol})"
    return Table("sequences", title, "sequence", tuple(columns), tuple(rows))


def _of_sequence(score: Score, oracle: Score | None) -> tuple[float | None, ...]:
    figures = [mean(score.precision.ap), mean(score.clear.mota), *shares(score.clear)]
    if oracle is None:
        return tuple(_percent(figures))
    figures.insert(2, mean(oracle.clear.mota))
    assert score.identity is not None
    # HOTA, and its oracle's, IDF1, switches and fragmentations, as the table of poses has them.
    own, ideal = (_whole(s.poses, s.identity) for s in (score, oracle))
    return (*_percent(figures), own[0], ideal[0], *own[4:7])

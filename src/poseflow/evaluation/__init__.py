"""How good poses with ids are: mAP, MOTA, MOTP, HOTA, IDF1 and their kin, against a truth.

Formats and images are unknown here: a `Truth` and a `Sequence` come in, figures go out.
"""

from __future__ import annotations

from .evaluate import Evaluation, Examined, Lives, Score, evaluate, examine, together
from .protocol import Protocol

__all__ = [
    "Evaluation",
    "Examined",
    "Lives",
    "Protocol",
    "Score",
    "evaluate",
    "examine",
    "together",
]

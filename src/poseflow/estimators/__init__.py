"""Poses from images: what an estimator is, and the networks we run ourselves."""

from __future__ import annotations

from .answers import checked_poses, in_words, name_of
from .detector import Detector
from .estimator import Batched, Estimator, TopDown, is_batched, is_top_down
from .following import Following
from .loading import load
from .rtmo import RTMO
from .rtmpose import RTMPose
from .two_step import TwoStep
from .weights import MODELS

__all__ = [
    "MODELS",
    "RTMO",
    "Batched",
    "Detector",
    "Estimator",
    "Following",
    "RTMPose",
    "TopDown",
    "TwoStep",
    "checked_poses",
    "in_words",
    "is_batched",
    "is_top_down",
    "load",
    "name_of",
]

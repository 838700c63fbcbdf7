"""Poses from images: what an estimator is, and the networks we run ourselves."""

from __future__ import annotations

from .estimator import Estimator, TopDown

__all__ = ["Estimator", "TopDown"]

"""Poses from files and to files, whatever the program that wrote them.

A format is one module that exports a `Format`; `FORMATS` holds them all. Which one a file is of is
read from its content, never from its name.
"""

from __future__ import annotations

from .format import Format

# Each module exports its Format under the name used here:
#   alphapose.ALPHAPOSE, alphapose.FORVIS, alphapose_cmu.CMU, alphapose_cmu.OPEN, coco.COCO,
#   openpose.OPENPOSE, posetrack.POSETRACK17, posetrack.POSETRACK18, table.CSV, table.PARQUET
FORMATS: dict[str, Format] = {}
"""Every format by its name."""

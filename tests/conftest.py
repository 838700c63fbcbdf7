"""What several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def shared(*parts: str) -> Path:
    """A file or folder of the reference data that is too large, or not ours, to ship; else skip."""
    root = Path(os.environ.get("POSEFLOW_SHARED", REPOSITORY.parent / "shared"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"reference data is not on this machine: {'/'.join(parts)}")
    return path

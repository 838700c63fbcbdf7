"""What can go wrong that is not a bug of ours.

PoseflowError            anything a user can mend; the command line prints it and exits with 2
├── InputError           a file or a value is not what it should be
└── MissingExtra         an optional dependency is not installed
"""

from __future__ import annotations


class PoseflowError(Exception):
    """One sentence for the user: the file, frame and field, what was expected, what came."""


class InputError(PoseflowError, ValueError):
    """A file, an image or an argument is not what it should be."""


class MissingExtra(PoseflowError, ImportError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional package: pip install 'poseflow[{extra}]'")

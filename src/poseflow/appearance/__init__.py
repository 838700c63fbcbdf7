"""What people look like, so that who was lost is known again: a room of `poses.Appearance`s.

`colours` needs no network; `embeddings` is the door for a network of the user's own.
"""

from __future__ import annotations

from .colour import colours
from .onnx import embeddings

__all__ = ["colours", "embeddings"]

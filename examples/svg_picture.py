"""Pictures of poses as SVG: crisp, small, and readable on a light page and on a dark one.

What `draw_method.py` draws with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import poseflow

FloatArray = NDArray[np.float64]

LIGHT = {
    **{"card": "#ffffff", "pane": "#f3f4f6", "ink": "#1f2328", "soft": "#656d76"},
    **{"faint": "#c4cad1", "stop": "#cf222e", "walker": "#0a66d0", "man": "#d9580d"},
    **{"half": "#128a60", "fused": "#8b3fd1"},
}
"""Colours by what they stand for; text, lines and dots are drawn in these."""

DARK = {
    **{"card": "#161b22", "pane": "#212830", "ink": "#e6edf3", "soft": "#9198a1"},
    **{"faint": "#4a525c", "stop": "#ff7b72", "walker": "#58a6ff", "man": "#f0883e"},
    **{"half": "#3fb98a", "fused": "#bc8cff"},
}

_TEXT = """text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
text { fill: currentColor; } .big { font-size: 14px; font-weight: 600; } .small { font-size: 11px; }
.middle { text-anchor: middle; } .end { text-anchor: end; }"""


class Picture:
    """An SVG on a card of its own, part by part, in pixels from the top left.

    Every `kind` is the name of a colour of `LIGHT`; of a text it may have `big`, `small`, `middle`
    and `end` beside it. What else is given becomes attributes of SVG, `stroke_width` for instance.
    """

    def __init__(self, width: int, height: int, title: str) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{_TEXT}\n{_colours(LIGHT)}\n"
            f"@media (prefers-color-scheme: dark) {{\n{_colours(DARK)}\n}}\n</style>",
        ]
        self.box(0, 0, width, height, "card", 8)

    def text(self) -> str:
        """The file's content."""
        return "\n".join([*self._parts, "</svg>\n"])

    def say(self, x: float, y: float, words: str, kind: str = "ink") -> None:
        """A line of text, from x on; y is where its letters stand."""
        self._parts.append(f"<text{_attributes(x=x, y=y, class_=kind)}>{escape(words)}</text>")

    def box(self, x: float, y: float, w: float, h: float, kind: str, radius: float = 6) -> None:
        """A filled rectangle."""
        self._add("rect", x=x, y=y, width=w, height=h, rx=radius, class_=kind, fill="currentColor")

    def dot(self, at: ArrayLike, radius: float, kind: str, **more: Any) -> None:
        """A disc about a point."""
        x, y = np.asarray(at, dtype=np.float64).tolist()
        self._add("circle", cx=x, cy=y, r=radius, class_=kind, **({"fill": "currentColor"} | more))

    def line(self, points: ArrayLike, kind: str, width: float = 1.5, **more: Any) -> None:
        """A line through points (N, 2)."""
        where = " ".join(_pair(*point) for point in np.asarray(points, dtype=np.float64).tolist())
        paint = {"fill": "none", "stroke": "currentColor", "stroke_width": width}
        self._add("polyline", points=where, class_=kind, **paint, **more)

    def arrow(
        self, start: ArrayLike, end: ArrayLike, kind: str, width: float = 1.5, head: float = 6
    ) -> None:
        """An arrow from point to point; `head` is how long its head is."""
        a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
        along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
        foot, aside = b - head * along, 0.5 * head * np.array([-along[1], along[0]])
        self.line([a, foot], kind, width)
        corners = " ".join(_pair(*corner.tolist()) for corner in (b, foot + aside, foot - aside))
        self._add("polygon", points=corners, class_=kind, fill="currentColor")

    def squares(self, squares: FloatArray, kind: str, **more: Any) -> None:
        """Outlines of squares (S, 4) x0 y0 x1 y1."""
        with self._group(class_=kind, fill="none", stroke="currentColor", **more):
            for x0, y0, x1, y1 in squares.tolist():
                self._add("rect", x=x0, y=y0, width=x1 - x0, height=y1 - y0)

    def body(self, points: FloatArray, kind: str, width: float = 2, **more: Any) -> None:
        """A pose of COCO's keypoints (17, 2)."""
        limbs = points[np.array(poseflow.skeleton("coco-17").edges)].tolist()
        way = "".join(f"M{_pair(*start)}L{_pair(*end)}" for start, end in limbs)
        with self._group(class_=kind, stroke_linecap="round", **more):
            self._add("path", d=way, fill="none", stroke="currentColor", stroke_width=width)
            for x, y in points.tolist():
                self._add("circle", cx=x, cy=y, r=0.85 * width, fill="currentColor")

    def _add(self, tag: str, **attributes: Any) -> None:
        self._parts.append(f"<{tag}{_attributes(**attributes)}/>")

    @contextmanager
    def _group(self, **attributes: Any) -> Iterator[None]:
        self._parts.append(f"<g{_attributes(**attributes)}>")
        yield
        self._parts.append("</g>")


def _colours(table: dict[str, str]) -> str:
    return " ".join(f".{kind} {{ color: {colour}; }}" for kind, colour in table.items())


def _attributes(**values: Any) -> str:
    return "".join(
        f' {name.strip("_").replace("_", "-")}="{_told(value)}"' for name, value in values.items()
    )


def _pair(x: float, y: float) -> str:
    return f"{_told(x)},{_told(y)}"


def _told(value: Any) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)

"""Imports point one way, and what the package says it exports is there."""

from __future__ import annotations

import ast
from pathlib import Path

import poseflow

SOURCE = Path(poseflow.__file__).parent

# docs/design.md's floors, lowest first. A room may import from lower floors and from itself; parts
# and recipes do not import their neighbours, the others may.
FLOORS = [
    ["errors"],
    ["files", "threads", "workers"],
    ["geometry", "assignment", "motion_field"],
    ["similarity", "looks"],
    ["skeletons", "frames"],
    ["painting"],
    ["poses"],
    ["truth"],
    [
        *("formats", "video", "estimators", "correspondence", "appearance"),
        *("tracking", "offline", "evaluation", "render", "summary"),
    ],
    ["pipeline", "estimation"],
    ["relinking"],
    ["results", "demo", "live", "posetrack"],
    ["cli"],
    ["__main__"],
]
HEIGHT = {room: height for height, floor in enumerate(FLOORS) for room in floor}


def imported_rooms(path: Path) -> set[str]:
    """The rooms that a file imports from, at its top or inside a function."""
    parents = path.relative_to(SOURCE).parts[:-1]
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*parents[: len(parents) - node.level + 1]]
            names = [*base, *(node.module or "").split(".")]
            dotted = [n for n in names if n]
            rooms |= {dotted[0]} if dotted else {alias.name for alias in node.names}
    return rooms - {"__version__"}


def test_imports_point_downwards():
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        wrong = {r for r in imported_rooms(path) - {room} if HEIGHT[r] >= HEIGHT[room]}
        assert not wrong, f"{path.relative_to(SOURCE)} imports {', '.join(sorted(wrong))}"


def test_every_room_stands_on_a_floor():
    rooms = {p.stem for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert rooms - {"__init__"} == set(HEIGHT)


def test_all_that_is_exported_is_there():
    assert sorted(poseflow.__all__) == sorted(poseflow._ROOMS)
    for name in poseflow.__all__:
        assert getattr(poseflow, name) is not None

"""Small networks as ONNX files, whose answers can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip(
    "onnx", reason="the package onnx, which makes small networks, is missing"
)
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def _saved(path: Path, nodes: list[Any], inputs: Any, outputs: Any, constants: dict) -> Path:
    held = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, "small", inputs, outputs, held)
    # What the oldest ONNX Runtime that we allow reads.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def detector(path: Path, boxes: list[list[float]], labels: list[int], size: int | str) -> Path:
    """Finds these boxes x0 y0 x1 y1 anywhere; the score of each is the mean of the blue input."""
    node = helper.make_node
    nodes = [
        node("Gather", ["input", "blue"], ["plane"], axis=1),
        node("ReduceMean", ["plane"], ["mean"], axes=[1, 2], keepdims=1),
        node("Expand", ["mean", "shape"], ["scores"]),
        node("Concat", ["boxes", "scores"], ["dets"], axis=2),
        node("Identity", ["known"], ["labels"]),
    ]
    n = len(boxes)
    return _saved(
        path,
        nodes,
        [helper.make_tensor_value_info("input", FLOAT, [1, 3, size, size])],
        [
            helper.make_tensor_value_info("dets", FLOAT, [1, n, 5]),
            helper.make_tensor_value_info("labels", INT, [1, n]),
        ],
        {
            "blue": np.int64(0),
            "shape": np.array([1, n, 1], np.int64),
            "boxes": np.array([boxes], np.float32),
            "known": np.array([labels], np.int64),
        },
    )


def pose_model(path: Path, k: int, size: tuple[int, int], people: int | str = "n") -> Path:
    """Takes the brightest column and row of the red input for each of K keypoints' x and y.

    SimCC has two bins a pixel; the second of each has a little less than the first. Both hold what
    the network was given: (pixel - mean) / deviation.
    """
    width, height = size
    node = helper.make_node
    nodes = [node("Gather", ["input", "red"], ["plane"], axis=1)]
    for name, axis in (("x", 1), ("y", 2)):
        nodes += [
            node("ReduceMax", ["plane"], [f"{name}0"], axes=[axis], keepdims=0),
            node("Sub", [f"{name}0", "less"], [f"{name}1"]),
            node("Unsqueeze", [f"{name}0", "last"], [f"{name}2"]),
            node("Unsqueeze", [f"{name}1", "last"], [f"{name}3"]),
            node("Concat", [f"{name}2", f"{name}3"], [f"{name}4"], axis=2),
            node("Reshape", [f"{name}4", f"bins_{name}"], [f"{name}5"]),
            node("Expand", [f"{name}5", "keypoints"], [f"simcc_{name}"]),
        ]
    return _saved(
        path,
        nodes,
        [helper.make_tensor_value_info("input", FLOAT, [people, 3, height, width])],
        [
            helper.make_tensor_value_info("simcc_x", FLOAT, [people, k, 2 * width]),
            helper.make_tensor_value_info("simcc_y", FLOAT, [people, k, 2 * height]),
        ],
        {
            "red": np.int64(0),
            "less": np.float32(0.01),
            "last": np.array([2], np.int64),
            "bins_x": np.array([-1, 1, 2 * width], np.int64),
            "bins_y": np.array([-1, 1, 2 * height], np.int64),
            "keypoints": np.array([1, k, 1], np.int64),
        },
    )


def one_step(path: Path, people: np.ndarray, keypoints: np.ndarray, size: int) -> Path:
    """Finds these people (N, 5) and keypoints (N, K, 3) in any image."""
    node = helper.make_node
    nodes = [
        node("ReduceMean", ["input"], ["mean"], keepdims=0),
        node("Mul", ["mean", "nothing"], ["zero"]),
        node("Add", ["people", "zero"], ["dets"]),
        node("Add", ["points", "zero"], ["keypoints"]),
    ]
    return _saved(
        path,
        nodes,
        [helper.make_tensor_value_info("input", FLOAT, [1, 3, size, size])],
        [
            helper.make_tensor_value_info("dets", FLOAT, [1, *people.shape]),
            helper.make_tensor_value_info("keypoints", FLOAT, [1, *keypoints.shape]),
        ],
        {
            "nothing": np.float32(0),
            "people": people[None].astype(np.float32),
            "points": keypoints[None].astype(np.float32),
        },
    )

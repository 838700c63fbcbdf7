"""ONNX files made ready to run; the only place that knows ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import InputError, MissingExtra

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
"""What `device` may be, and ONNX Runtime's name for it. Which are there depends on the package
that is installed: onnxruntime, onnxruntime-gpu, onnxruntime-directml, …"""


def runtime() -> Any:
    """The package onnxruntime.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra("running pose models", "estimate") from error
    return onnxruntime


def check_device(device: str) -> None:
    """Whether the installed ONNX Runtime computes there.

    Raises:
        MissingExtra: onnxruntime is not installed.
        InputError: it has no such device.
    """
    there = runtime().get_available_providers()
    if PROVIDERS.get(device) not in there:
        ours = ", ".join(name for name, provider in PROVIDERS.items() if provider in there)
        raise InputError(
            f"device: expected one that the installed ONNX Runtime has ({ours}), got {device!r}"
        )


def open_session(path: Path, device: str = "cpu") -> Any:
    """An `onnxruntime.InferenceSession` of the file.

    It lets go of the processor while it waits: two sessions that spin slow each other down, a
    detector and a pose model on two cores to a third of their speed.

    Args:
        path: of an ONNX file.
        device: a name in `PROVIDERS`; what the device cannot do, the processor does.

    Raises:
        MissingExtra: onnxruntime is not installed.
        InputError: the file is not there or no model, or the installed package has no such device.
    """
    onnxruntime = runtime()
    if not path.is_file():
        raise InputError(f"{path}: expected a model (an ONNX file), found no such file")
    check_device(device)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Its warnings tell of optimisations; what is wrong comes as an exception.
    options.log_severity_level = 3
    providers = list(dict.fromkeys([PROVIDERS[device], PROVIDERS["cpu"]]))
    try:
        return onnxruntime.InferenceSession(path, options, providers=providers)
    except Exception as error:
        # Its exceptions are classes of their own, a dozen of them, with Exception alone in common.
        said = str(error).splitlines()[0]
        raise InputError(
            f"{path}: expected a model (an ONNX file), ONNX Runtime says: {said}"
        ) from error


def input_size(session: Any) -> tuple[int, int] | None:
    """Width and height that the model wants, of an input (N, 3, H, W); None = it takes any."""
    *_, height, width = session.get_inputs()[0].shape
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None


def output_names(session: Any) -> tuple[str, ...]:
    """What the model calls its outputs."""
    return tuple(output.name for output in session.get_outputs())


_KNOWN = {
    "a detector": {"dets", "labels"},
    "RTMO": {"dets", "keypoints"},
    "RTMPose": {"simcc_x", "simcc_y"},
}


def looks_like(session: Any) -> str:
    """What a model is, by its outputs, in the words of a sentence that expected another."""
    names = set(output_names(session))
    told = ", ".join(
        f"{output.name} ({', '.join(map(str, output.shape))})" for output in session.get_outputs()
    )
    what = next((f"{kind}: " for kind, outputs in _KNOWN.items() if outputs <= names), "")
    return f"{what}outputs {told}"

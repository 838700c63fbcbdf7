"""The published networks that we know by name: which files they are, fetched once and kept.

RTMPose with the YOLOX detector of its own project (OpenMMLab, Apache-2.0). The addresses are those
from which rtmlib 0.0.16 fetches the same files, with the mirror that its author keeps.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, PoseflowError
from ..files import cache_folder, whole_file

HOSTS = (
    "https://download.openmmlab.com/mmpose/v1/projects/",
    "https://huggingface.co/Tau-J/RTMPose/resolve/main/",
)
"""Where the files are, in the order in which they are asked."""

_V1 = "rtmposev1/onnx_sdk/"
_DETECTORS = {
    "light": f"{_V1}yolox_tiny_8xb8-300e_humanart-6f3252f9",
    "balanced": f"{_V1}yolox_m_8xb8-300e_humanart-c2c7a14a",
    "accurate": f"{_V1}yolox_x_8xb8-300e_humanart-a39d44ed",
}
_POSE_MODELS = {
    "coco-17": {
        "light": f"{_V1}rtmpose-s_simcc-body7_pt-body7_420e-256x192-acd4a1ef_20230504",
        "balanced": f"{_V1}rtmpose-m_simcc-body7_pt-body7_420e-256x192-e48f03d0_20230504",
        "accurate": f"{_V1}rtmpose-x_simcc-body7_pt-body7_700e-384x288-71d7b7e9_20230629",
    },
    "halpe-26": {
        "light": f"{_V1}rtmpose-s_simcc-body7_pt-body7-halpe26_700e-256x192-7f134165_20230605",
        "balanced": f"{_V1}rtmpose-m_simcc-body7_pt-body7-halpe26_700e-256x192-4d3e73dd_20230605",
        "accurate": f"{_V1}rtmpose-x_simcc-body7_pt-body7-halpe26_700e-384x288-7fb6e239_20230606",
    },
    "coco-wholebody-133": {
        "light": "rtmw/onnx_sdk/rtmw-dw-l-m_simcc-cocktail14_270e-256x192_20231122",
        "balanced": "rtmw/onnx_sdk/rtmw-dw-x-l_simcc-cocktail14_270e-256x192_20231122",
        "accurate": "rtmw/onnx_sdk/rtmw-dw-x-l_simcc-cocktail14_270e-384x288_20231122",
    },
}

MODELS = tuple(_DETECTORS)
"""What `model` may be, from fast to exact."""
KEYPOINTS = tuple(_POSE_MODELS)
"""Names of the skeletons for which there are such networks."""

_PATIENCE = 30.0
"""Seconds without a byte after which a host counts as out of reach."""


def model_files(model: str, keypoints: str = "coco-17", folder: Path | None = None) -> list[Path]:
    """The files of a detector and a pose model, fetched where they are not in the folder yet.

    Args:
        model: one of `MODELS`.
        keypoints: one of `KEYPOINTS`.
        folder: that keeps them; None = `models` in our cache folder.

    Raises:
        InputError: there is no such model, or the folder cannot be written.
        PoseflowError: a file is not there and cannot be fetched; the sentence says what to do.
    """
    if model not in MODELS:
        raise InputError(f"model: expected one of {', '.join(MODELS)}, got {model!r}")
    if keypoints not in KEYPOINTS:
        raise InputError(
            f"model: expected one of the skeletons {', '.join(KEYPOINTS)}, got {keypoints!r}"
        )
    folder = cache_folder() / "models" if folder is None else folder
    wanted = (_DETECTORS[model], _POSE_MODELS[keypoints][model])
    return [_kept(folder, published, wanted) for published in wanted]


def _named(folder: Path, published: str) -> Path:
    """The file under its published name; an archive holds it under one that says nothing."""
    return folder / f"{published.rpartition('/')[2]}.onnx"


def _kept(folder: Path, published: str, wanted: tuple[str, ...]) -> Path:
    """The file, fetched if it is not there; where it cannot be, all that are wanted are named."""
    path = _named(folder, published)
    if path.exists():
        return path
    # They take longer to import than all the rest, and mostly everything is there.
    from urllib.error import URLError
    from zipfile import BadZipFile

    reasons = []
    for host in HOSTS:
        try:
            content = _onnx_in(_download(f"{host}{published}.zip"))
        except (OSError, BadZipFile) as error:
            reason = error.reason if isinstance(error, URLError) else error
            reasons.append(f"{host.split('/')[2]}: {reason}")
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
        with whole_file(path) as temporary:
            temporary.write_bytes(content)
        return path
    paths = [_named(folder, one) for one in wanted]
    missing = [path.name for path in paths if not path.exists()]
    are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
    raise PoseflowError(
        f"{' and '.join(missing)} {are} not in {folder} and could not be fetched "
        f"({'; '.join(reasons)}): put {them} there, or name files at hand with --detector-model "
        "and --pose-model"
    )


def _download(address: str) -> bytes:
    from urllib.request import Request, urlopen

    request = Request(address, headers={"User-Agent": "poseflow"})
    with urlopen(request, timeout=_PATIENCE) as answer:
        content: bytes = answer.read()
    return content


def _onnx_in(archive: bytes) -> bytes:
    """The one model in an archive, whose checksum it has passed.

    Raises:
        BadZipFile: it is none, is damaged, or holds no model.
    """
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = [name for name in opened.namelist() if name.endswith(".onnx")]
        if len(names) != 1:
            raise zipfile.BadZipFile(f"expected one model in the archive, found {len(names)}")
        return opened.read(names[0])

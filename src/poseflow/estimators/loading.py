"""Which estimator a user means."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..skeletons import Skeleton
from .detector import Detector
from .estimator import Estimator
from .own import own
from .rtmo import RTMO, is_rtmo
from .rtmpose import RTMPose, is_rtmpose
from .sessions import check_device, looks_like, open_session
from .skeleton_of import skeleton_of
from .two_step import TwoStep
from .weights import model_files


def load(
    model: str = "balanced",
    *,
    detector_model: Path | None = None,
    pose_model: Path | None = None,
    estimator: str | None = None,
    skeleton: Skeleton | None = None,
    device: str = "cpu",
) -> Estimator:
    """The estimator of these words.

    Args:
        model: "light", "balanced" or "accurate": published networks, fetched once. They exist for
            the skeletons coco-17 (without `skeleton`), halpe-26 and coco-wholebody-133.
        detector_model: a detector's file at hand, with
        pose_model: the pose model's file; without a detector it must be one that needs none.
        estimator: a user's own, as MODULE:NAME.
        skeleton: what the keypoints are; None = as the estimator says, or by their number.
        device: one of `sessions.PROVIDERS`; a user's own estimator is not told.

    Raises:
        InputError: the words do not fit together, or a file is not what it should be.
        PoseflowError: a published network cannot be fetched.
        MissingExtra: onnxruntime is not installed.
    """
    if estimator is not None:
        if detector_model or pose_model:
            raise InputError("estimator: expected without detector and pose model")
        return own(estimator, skeleton)
    # Before anything is fetched for it.
    check_device(device)
    if detector_model is None and pose_model is None:
        named = "coco-17" if skeleton is None else skeleton.name
        detector_model, pose_model = model_files(model, named)
    if pose_model is None:
        raise InputError(f"{detector_model}: expected a pose model with this detector")
    if detector_model is None:
        session = open_session(pose_model, device)
        if is_rtmpose(session):
            raise InputError(f"{pose_model}: expected a detector with this pose model")
        if not is_rtmo(session):
            raise InputError(
                f"{pose_model}: expected a pose model, RTMPose's outputs simcc_x and simcc_y or "
                f"RTMO's dets and keypoints; got {looks_like(session)}"
            )
        return RTMO(pose_model, skeleton, device)
    keypoints = RTMPose(pose_model, device)
    known = skeleton_of(keypoints.n_keypoints, skeleton, str(pose_model))
    return TwoStep(Detector(detector_model, device), keypoints, known)

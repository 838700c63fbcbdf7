"""Draw tracked poses on a dark ground, as a small moving picture without any footage.

    python examples/draw_keypoints.py tracked.json picture.webp --size 768 576 --first 500

The README's picture was made so.
"""

from __future__ import annotations

import argparse
import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

import poseflow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("poses", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, nargs=2, required=True, metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--first", type=int, default=0, help="frame to begin with")
    parser.add_argument("--frames", type=int, default=120, help="how many frames")
    parser.add_argument("--every", type=int, default=2, help="take every n-th frame only")
    parser.add_argument("--fps", type=int, default=12, help="pictures a second")
    parser.add_argument("--crop", type=int, nargs=4, metavar=("X0", "Y0", "X1", "Y1"))
    args = parser.parse_args()

    sequence = poseflow.load(args.poses)
    renderer = poseflow.Renderer(sequence.skeleton, trail=45)
    width, height = args.size
    x0, y0, x1, y1 = args.crop or (0, 0, width, height)
    ground = np.full((height, width, 3), (34, 28, 24), dtype=np.uint8)
    with av.open(str(args.out), "w", options={"loop": "0"}) as output:
        stream = output.add_stream("libwebp_anim", rate=args.fps, options={"quality": "60"})
        stream.width, stream.height = x1 - x0, y1 - y0
        stream.pix_fmt = "yuv420p"
        for index in range(args.first + args.frames):
            poses = sequence.frames[index]
            with_id = poses[poses.track_ids >= 1]
            # A picture that small is read without the doubt of each joint.
            sure = dataclasses.replace(
                with_id, keypoint_scores=np.ones_like(with_id.keypoint_scores)
            )
            drawn = renderer.draw(ground, sure)
            if index < args.first or (index - args.first) % args.every:
                continue
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(drawn[y0:y1, x0:x1]), format="bgr24"
            )
            frame.pts = (index - args.first) // args.every
            frame.time_base = Fraction(1, args.fps)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


if __name__ == "__main__":
    main()

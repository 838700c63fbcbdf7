"""DeepMatching: dense correspondences that neither large nor non-rigid motion confuses.

Written from Revaud, Weinzaepfel, Harchaoui, Schmid: *DeepMatching: Hierarchical Deformable Dense
Matching*, IJCV 2016; "the paper" in this folder. A patch of the earlier image is compared with
every place of the later one. Large patches tell where things went, small ones tell it exactly;
therefore the map of a large patch is put together from those of its four quadrants, each of which
may have moved a little by itself, and the best places are followed back down. A file for each step:

`descriptors`  what a pixel and a patch of 4×4 pixels look like
`pyramid`      how well patches of 4, 8, 16, … pixels fit everywhere
`extraction`   down again: the best place of every smallest patch, and who wins a contested one
`refinement`   ours: on to larger images, and between their pixels
`matcher`      all of it, as a matcher
"""

from __future__ import annotations

from .matcher import deepmatching

__all__ = ["deepmatching"]

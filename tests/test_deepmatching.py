"""The steps of DeepMatching against their definitions; its contract is tested with all others'."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from poseflow.correspondence.deepmatching import deepmatching
from poseflow.correspondence.deepmatching.descriptors import (
    describe,
    every_patch,
    likeness,
    patches_at,
)
from poseflow.correspondence.deepmatching.extraction import Places, extract, reciprocal
from poseflow.correspondence.deepmatching.pyramid import correlation_pyramid
from poseflow.correspondence.deepmatching.refinement import between_pixels, descend
from poseflow.motion_field import carry
from test_correspondence import scene, shares_within, warped_pair
from textures import texture

POWER = 1.4


def units(seed: int, *shape: int) -> np.ndarray:
    """Random unit vectors of 36 numbers, none negative."""
    vectors = np.random.default_rng(seed).random((*shape, 36), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def a_step_up(maps: np.ndarray, apart: int) -> np.ndarray:
    """Maps of patches twice as large, place by place: pool, halve, shift, mean of those inside."""
    height, width, rows, columns = maps.shape
    pooled = np.zeros(((height + 1) // 2, (width + 1) // 2, rows, columns))
    for y, x in np.ndindex(pooled.shape[:2]):
        around = maps[max(2 * y - 1, 0) : 2 * y + 2, max(2 * x - 1, 0) : 2 * x + 2]
        pooled[y, x] = around.max(axis=(0, 1)) ** POWER
    larger = np.zeros((*pooled.shape[:2], rows - apart, columns - apart))
    for y, x, r, c in np.ndindex(larger.shape):
        quadrants = [
            pooled[y + 2 * lower - 1, x + 2 * right - 1, r + lower * apart, c + right * apart]
            for lower, right in itertools.product((0, 1), repeat=2)
            if 0 <= y + 2 * lower - 1 < len(pooled) and 0 <= x + 2 * right - 1 < pooled.shape[1]
        ]
        larger[y, x, r, c] = np.mean(quadrants)
    return larger


@pytest.mark.parametrize("size", [(9, 12), (10, 7), (3, 3), (4, 13)])
def test_maps_of_large_patches_come_from_those_of_their_quadrants(size):
    before, after = units(0, 4, 5), units(1, *size)

    pyramid = correlation_pyramid(before, after, largest=64, power=POWER)

    expected = np.einsum("yxk,rck->yxrc", after, before)
    for level, maps in enumerate(pyramid):
        expected = a_step_up(expected, 2**level)
        np.testing.assert_allclose(maps, expected, rtol=1e-5)
    # Two patches of 4 pixels apart, three of four rows are left; four apart, no row is.
    assert len(pyramid) == (1 if min(size) < 5 else 2)
    assert pyramid[0].shape[2:] == (3, 4)


def test_the_largest_patches_are_as_large_as_asked():
    before, after = units(0, 9, 9), units(1, 33, 33)

    for largest, sizes in ((8, 1), (16, 2), (32, 3), (64, 3)):
        assert len(correlation_pyramid(before, after, largest=largest, power=1.0)) == sizes


def test_every_patch_of_a_moved_mosaic_is_found_again():
    # Each place has a look of its own, and all of them have gone 3 down and 5 to the left.
    after = units(2, 40, 48)
    before = after[3:, :-5][:32:4, 8:40:4]

    pyramid = correlation_pyramid(before, after, largest=32, power=POWER)
    places = extract(pyramid, before, after)

    rows, columns = np.indices(before.shape[:2])
    np.testing.assert_array_equal(places.y, 4 * rows + 3)
    np.testing.assert_array_equal(places.x, 4 * columns + 8)
    assert (places.score > 0.9).all()


def test_quadrants_may_move_apart():
    # The left half of the mosaic has gone one way and the right half the other.
    after = units(3, 40, 60)
    before = np.concatenate([after[0:32:4, 8:24:4], after[6:38:4, 28:44:4]], axis=1)

    pyramid = correlation_pyramid(before, after, largest=16, power=POWER)
    places = extract(pyramid, before, after)

    right = np.arange(8) >= 4
    rows, columns = np.indices((8, 8))
    np.testing.assert_array_equal(places.y, 4 * rows + np.where(right, 6, 0))
    np.testing.assert_array_equal(places.x, 4 * columns + np.where(right, 12, 8))


def test_patches_are_told_by_orientation_and_not_by_light():
    image = texture(4, 40, 40).astype(float) * 0.5 + 30
    patch, lit, turned = (
        patches_at(describe(np.round(a).astype(np.uint8)), np.array([18]), np.array([18]))
        for a in (image, 1.5 * image + 20, np.rot90(image))
    )

    np.testing.assert_allclose(np.linalg.norm(patch), 1, rtol=1e-5)
    assert likeness(patch, lit)[0] > 0.98
    assert likeness(patch, turned)[0] < 0.9


def test_a_flat_patch_is_like_flat_ones_only():
    flat, edge = np.full((2, 16, 16), 90, dtype=np.uint8)
    edge[:, 8:] = 140
    at = np.array([6])
    flat, brighter, edge = (patches_at(describe(i), at, at) for i in (flat, flat + 9, edge))

    np.testing.assert_allclose(likeness(flat, brighter), 1, rtol=1e-6)
    # A saturated gradient is 1 and flatness 0.3: 0.3 / sqrt(1 + 0.09) = 0.29 on the edge itself.
    assert likeness(flat, edge)[0] < 0.6


def test_patches_asked_for_are_those_of_all():
    description = describe(texture(5, 21, 34))
    row, column = np.array([0, 3, 17, 9]), np.array([0, 30, 30, 1])

    every = every_patch(description)

    assert every.shape == (18, 31, 36)
    np.testing.assert_allclose(patches_at(description, row, column), every[row, column], rtol=1e-6)
    np.testing.assert_array_equal(every_patch(description, 4), every[::4, ::4])


def test_of_two_patches_at_one_place_the_better_stays():
    y, x = np.array([[5, 5, 5, 30]]), np.array([[5, 6, 8, 5]])
    score = np.array([[0.9, 0.8, 0.7, 0.1]], dtype=np.float32)

    kept = reciprocal(Places(y, x, score), 1.9).score

    np.testing.assert_array_equal(kept, np.float32([[0.9, -np.inf, 0.7, 0.1]]))
    # 8 is two away from 6, which loses to 5 and takes 8 with it all the same.
    kept = reciprocal(Places(y, x, score), 2.0).score
    np.testing.assert_array_equal(kept, np.float32([[0.9, -np.inf, -np.inf, 0.1]]))
    assert np.isneginf(reciprocal(Places.nowhere(2, 3), 2.0).score).all()


def test_quadrants_may_go_with_the_neighbours_of_their_whole():
    image = texture(6, 64, 128)
    rows, columns = np.indices((8, 16))
    # Nothing has moved, but some patches are told to have gone elsewhere, and some to be lost.
    y, x = 4 * rows, 4 * columns + np.where(columns == 5, 4, 0)
    score = np.where(columns == 9, np.float32(-np.inf), np.float32(0.9))

    places = descend(Places(y, x, score), describe(image), describe(image))

    rows, columns = np.indices((16, 32))
    np.testing.assert_array_equal(places.y, 4 * rows)
    np.testing.assert_array_equal(places.x, 4 * columns)
    np.testing.assert_allclose(places.score, 1, rtol=1e-6)


def test_what_is_lost_all_around_stays_lost():
    image = texture(6, 64, 64)
    rows, columns = np.indices((8, 8))
    score = np.where(columns < 4, np.float32(-np.inf), np.float32(0.9))

    places = descend(Places(4 * rows, 4 * columns, score), describe(image), describe(image))

    # The quadrants of column 3 are in columns 6 and 7; those of 7 are next to column 4.
    np.testing.assert_array_equal(np.isfinite(places.score), np.indices((16, 16))[1] >= 7)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.25, -0.4), (-0.3, 0.2)])
def test_between_pixels(shift):
    across, down = shift
    before, after = scene([[1, 0, across], [0, 1, down]], seed=8)
    row, column = (indices.ravel() for indices in np.indices((50, 70)))
    row, column = row + 5, column + 5
    whole = np.indices((60, 80)) * 4
    places = Places(*whole, np.ones((60, 80), dtype=np.float32))

    found = between_pixels(row, column, places, describe(before), describe(after))

    for moved, truth in zip(found, (down, across), strict=True):
        # What is only rounded to whole pixels errs by the shift itself.
        assert np.median(np.abs(moved - truth)) < 0.12
    if shift == (0.0, 0.0):
        np.testing.assert_array_equal(found, 0)


def test_matches_near_the_points_are_part_of_all():
    before, after = scene([[1, 0, 7], [0, 1, -4]])
    points = np.array([[100.0, 100.0], [200.0, 140.0]])

    near = deepmatching(reach=30.0)(before, after)(points)
    everywhere = deepmatching(reach=np.inf)(before, after)(points)

    distance = np.linalg.norm(everywhere.source[:, None] - points, axis=2).min(axis=1)
    assert 0 < len(near.source) < len(everywhere.source)
    for part, whole in zip(near, everywhere, strict=True):
        np.testing.assert_array_equal(part, whole[distance <= 30.0])


def test_of_two_things_alike_the_one_that_is_more_so_goes_on():
    # Twice the same, on the right with some noise; in the next image only once. It is small: there
    # is no step but the first.
    half = texture(1, 120, 60)
    noise = np.random.default_rng(2).normal(0, 20, half.shape)
    noisy = np.clip(half + noise, 0, 255).astype(np.uint8)
    before, after = np.hstack([half, noisy]), np.hstack([half, texture(3, 120, 60)])

    found = deepmatching(reach=np.inf)(before, after)(np.full((1, 2), 60.0))

    # At the seam a patch is half the one and half the other.
    left, right = found.source[:, 0] < 56, found.source[:, 0] > 64
    assert left.sum() > 0.8 * (120 / 4) * (56 / 4)
    assert right.sum() < 0.1 * left.sum()


def test_each_doubling_gives_four_times_the_matches():
    before, after = scene([[1, 0, 6], [0, 1, -3]])

    counts = [
        len(
            deepmatching(working_pixels=60 * 80, doublings=n, reach=np.inf)(before, after)(
                np.array([[50.0, 50.0]])
            ).source
        )
        for n in (0, 1, 2)
    ]

    assert 3 < counts[1] / counts[0] < 5
    assert 3 < counts[2] / counts[1] < 5


def test_noise_on_a_blank_wall_is_not_motion():
    rng = np.random.default_rng(2)
    before, after = (
        np.clip(rng.normal(128, 5, (240, 320)), 0, 255).astype(np.uint8) for _ in range(2)
    )

    found = deepmatching(reach=np.inf)(before, after)(np.array([[9.0, 9.0]]))

    # Of 60 × 80 patches.
    assert len(found.source) <= 0.02 * 4800


def test_threads_of_the_matrix_product_change_nothing():
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_deepmatching import scene, deepmatching\n"
        "import hashlib, numpy as np\n"
        "found = deepmatching()(*scene([[1, 0, 5], [0, 1, 3]]))(np.array([[99.0, 99.0]]))\n"
        "print(hashlib.sha256(np.concatenate(found).tobytes()).hexdigest(), len(found.source))"
    )

    said = {
        subprocess.run(
            [sys.executable, "-c", script, os.path.dirname(__file__)],
            env=os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), str(n)),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in (1, 2)
    }

    assert len(said) == 1


# Of the reference binary on a quarter of each side, as the reference data states them: the shares
# within 3 and 10 px, and how many matches it found.
REFERENCE = {
    "0_bedroom_3px": (0.939, 1.0, 1704),
    "1_bedroom_10px": (0.888, 1.0, 1677),
    "2_vtest_3px": (1.0, 1.0, 1472),
    "3_vtest_25px": (0.694, 0.973, 1240),
    "4_treadmill_10px": (0.973, 0.998, 561),
    "5_treadmill_30px": (0.974, 1.0, 436),
}


@pytest.mark.golden
@pytest.mark.parametrize("pair", REFERENCE)
def test_real_people_are_followed_as_well_as_by_the_reference(pair):
    before, after, points, truth = warped_pair(pair)
    match = deepmatching(working_pixels=before.size // 16)

    found = match(before, after)(points)

    near, nearly, count = REFERENCE[pair]
    got = shares_within(carry(points, found, radius=np.inf), truth)
    assert got[0] >= near
    assert got[1] >= nearly - 0.005
    assert len(found.source) >= 0.9 * count


@pytest.mark.golden
@pytest.mark.parametrize("pair", ["2_vtest_3px", "4_treadmill_10px"])
def test_the_first_step_alone_is_as_good_as_the_reference(pair):
    before, after, points, truth = warped_pair(pair)
    match = deepmatching(working_pixels=before.size // 16, doublings=0, reach=np.inf)

    found = match(before, after)(points)

    near, nearly, count = REFERENCE[pair]
    got = shares_within(carry(points, found, radius=np.inf), truth)
    assert got[0] >= near - 0.02
    assert got[1] >= nearly - 0.02
    # Those of blank walls are among its matches, and not among ours.
    assert len(found.source) >= 0.8 * count

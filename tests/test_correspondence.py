"""One contract for all matchers, what is special to each, and real frames with a known truth."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from conftest import shared
from poseflow.correspondence import MATCHERS, dis, lucas_kanade, orb_exact
from poseflow.correspondence.likeness import alike, sample, shrink_step, shrunk, to_full, to_shrunk
from poseflow.frames import Correspondences
from poseflow.motion_field import carry
from textures import texture

FLOWS = ("dis", "lk")
HEIGHT, WIDTH, MARGIN = 240, 320, 60

every_matcher = pytest.mark.parametrize("name", MATCHERS)
every_flow = pytest.mark.parametrize("name", FLOWS)


def scene(matrix: list[list[float]], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A texture, and how it looks after its points x have gone to matrix (2, 3) · (x, 1)."""
    wide = texture(seed, HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
    linear, shift = np.array(matrix, dtype=float)[:, :2], np.array(matrix, dtype=float)[:, 2]
    # The same motion where the origin is that of the wide image.
    there = np.column_stack([linear, shift + MARGIN - linear @ [MARGIN, MARGIN]])
    moved = cv2.warpAffine(wide, there, wide.shape[::-1], flags=cv2.INTER_CUBIC)
    window = (slice(MARGIN, MARGIN + HEIGHT), slice(MARGIN, MARGIN + WIDTH))
    return wide[window].copy(), moved[window].copy()


def grid(step: int = 16, edge: int = 40) -> np.ndarray:
    """(P, 2) points all over the middle of a scene."""
    x, y = np.meshgrid(np.arange(edge, WIDTH - edge, step), np.arange(edge, HEIGHT - edge, step))
    return np.stack([x.ravel(), y.ravel()], axis=1) + 0.25


def assert_none(found: Correspondences) -> None:
    for points in found:
        assert points.shape == (0, 2)
        assert points.dtype == np.float64


MOTIONS = [
    pytest.param([[1, 0, 0], [0, 1, 0]], id="still"),
    pytest.param([[1, 0, 7], [0, 1, -4]], id="shift"),
    pytest.param([[1, 0, -21.5], [0, 1, 12.25]], id="large-shift"),
    # A turn by 3 degrees and a growth by 4 %, from the image's corner.
    pytest.param([[1.0386, -0.0544, 9], [0.0544, 1.0386, -12]], id="turn-and-growth"),
]


@every_matcher
@pytest.mark.parametrize("matrix", MOTIONS)
def test_known_motion_is_found(name, matrix):
    before, after = scene(matrix)
    points = grid()

    found = MATCHERS[name]()(before, after)(points)

    linear, shift = np.array(matrix)[:, :2], np.array(matrix)[:, 2]
    # A single ORB feature is as coarse as the level of the pyramid where it was found, and those
    # of 2018 are cut off to whole pixels at both ends.
    carried = carry(points, found, radius=16.0)
    error = np.linalg.norm(carried - (points @ linear.T + shift), axis=1)
    assert (error < (1.5 if name == "orb" else 1.0)).mean() > 0.9
    assert found.source.shape == found.target.shape
    assert found.source.dtype == found.target.dtype == np.float64


def test_dis_follows_what_is_lit_otherwise_a_moment_later():
    before, after = scene([[1, 0, 7], [0, 1, -4]])
    darker = np.rint(0.7 * after + 20).astype(np.uint8)

    source, target = dis()(before, darker)(grid())

    error = np.linalg.norm(target - source - [7, -4], axis=1)
    assert len(source) > 0.9 * len(grid())
    assert np.quantile(error, 0.9) < 0.5


@every_matcher
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_image_has_no_correspondences(name, level):
    blank, textured = np.full((HEIGHT, WIDTH), level, dtype=np.uint8), texture(1)
    match = MATCHERS[name]()

    assert_none(match(blank, blank)(grid()))
    assert_none(match(textured, blank)(grid()))
    assert_none(match(blank, textured)(grid()))


@every_flow
def test_noise_on_a_blank_wall_is_not_motion(name):
    rng = np.random.default_rng(2)
    before, after = (
        np.clip(rng.normal(128, 5, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8) for _ in range(2)
    )

    found = MATCHERS[name]()(before, after)(grid())

    assert len(found.source) <= 0.02 * len(grid())


@every_matcher
@pytest.mark.parametrize(
    "shape",
    [(0, 0), (1, 1), (1, 300), (2, 2), (9, 9), (15, 15), (15, 400), (400, 3), (16, 9000)],
    ids=lambda shape: f"{shape[0]}x{shape[1]}",
)
def test_a_tiny_image_has_no_correspondences(name, shape):
    before, after = (
        np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8) for seed in (3, 4)
    )
    points = np.array([[0.0, 0.0], [1.0, 1.0], [7.0, 7.0]])

    assert_none(MATCHERS[name]()(before, after)(points))


@every_matcher
@pytest.mark.parametrize("side", [16, 17, 24, 31, 33, 47, 64])
def test_a_small_image_is_no_error_and_gives_nothing_false(name, side):
    image = texture(5, side, side + 3)
    points = np.array([[side / 2, side / 2], [side / 2, side / 3], [0.0, side - 1.0]])

    source, target = MATCHERS[name]()(image, image)(points)

    np.testing.assert_allclose(target, source, atol=0.1)


@every_matcher
@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH - 1), (WIDTH, HEIGHT), (20, 20)])
def test_images_of_two_sizes_have_no_correspondences(name, shape):
    match = MATCHERS[name]()

    assert_none(match(texture(0), texture(0, *shape))(grid()))
    assert_none(match(texture(0, *shape), texture(0))(grid()))


@every_matcher
@pytest.mark.parametrize(
    "points",
    [
        pytest.param(np.empty((0, 2)), id="none"),
        pytest.param(np.full((4, 2), np.nan), id="missing"),
        pytest.param(np.array([[-5.0, 100.0], [WIDTH + 9.0, 3.0], [1e9, -1e9]]), id="outside"),
    ],
)
def test_without_points_there_are_no_correspondences(name, points):
    assert_none(MATCHERS[name]()(texture(0), texture(0))(points))


@every_flow
def test_only_points_that_were_given_are_followed(name):
    before, after = scene([[1, 0, 3], [0, 1, 2]])
    points = np.concatenate([grid(), [[np.nan, np.nan], [-3.0, 10.0], [WIDTH + 1.0, 50.0]]])
    points = np.random.default_rng(6).permutation(points)

    source = MATCHERS[name]()(before, after)(points).source

    given_points = list(map(tuple, points))
    places = [given_points.index(point) for point in map(tuple, source)]
    assert places == sorted(set(places))
    assert len(places) > 0.9 * len(grid())


@every_flow
def test_a_point_that_leaves_the_image_is_lost(name):
    leaving = np.array([[WIDTH - 25.0, y] for y in range(60, 180, 10)])
    kept, n_scenes = 0, 20
    for seed in range(n_scenes):
        before, after = scene([[1, 0, 40], [0, 1, 0]], seed)

        source, target = MATCHERS[name]()(before, after)(np.concatenate([grid(), leaving]))

        assert (target[:, 0] <= WIDTH - 1).all()
        kept += (source[:, 0] == leaving[0, 0]).sum()

    # What came in its place is like it by chance, as across a cut.
    assert kept <= 0.02 * n_scenes * len(leaving)


@every_matcher
def test_a_cut_leaves_almost_nothing(name):
    match, points = MATCHERS[name](), grid(8)
    through, across = 0, 0
    n_scenes = 5 if name in FLOWS else 1
    for seed in range(n_scenes):
        before, after = scene([[1, 0, 2], [0, 1, 1]], seed)
        through += len(match(before, after)(points).source)
        across += len(match(before, texture(seed + 100))(points).source)

    assert through > 0.9 * n_scenes * len(points)
    assert across <= 0.02 * through


@every_matcher
def test_what_is_covered_is_not_followed(name):
    before, after = scene([[1, 0, 6], [0, 1, 0]])
    covered = (slice(70, 170), slice(100, 220))
    match, points = MATCHERS[name](), grid(8)
    there = match(before, after)(points).source
    after[covered] = texture(77)[covered]

    source, target = match(before, after)(points)

    # Ten pixels inside of the cover's edge the middle of a patch is covered at both of its ends.
    low, high = [100 - 6 + 10, 70 + 10], [220 - 6 - 10, 170 - 10]
    hidden, was_there = (((part > low) & (part < high)).all(axis=1) for part in (source, there))
    right = np.linalg.norm(target - source - [6, 0], axis=1) < 2.0
    assert was_there.sum() > 100
    assert hidden.sum() <= 0.05 * was_there.sum()
    assert right[~hidden].mean() > 0.8
    assert (~hidden).sum() > 0.5 * (~was_there).sum()


@every_matcher
def test_a_person_moves_against_what_stands_still(name):
    before = texture(8)
    after = before.copy()
    person = texture(9)[:130, :60]
    before[60:190, 100:160] = person
    after[65:195, 112:172] = person
    x, y = np.meshgrid(np.arange(110, 151, 8), np.arange(70, 181, 8))
    points = np.stack([x.ravel(), y.ravel()], axis=1).astype(float)

    carried = carry(points, MATCHERS[name]()(before, after)(points), radius=20.0)

    error = np.linalg.norm(carried - points - [12, 5], axis=1)
    assert (error < 2.0).mean() > 0.8


@pytest.fixture
def threads() -> Iterator[None]:
    """Leaves OpenCV's number of threads as it was."""
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@every_matcher
def test_the_same_images_give_the_same_bytes(name, threads):
    once, between = (scene([[1, 0, 5], [0, 1, 3]], seed) for seed in (10, 11))
    match, points = MATCHERS[name](), grid()

    said = []
    for n_threads, images in ((1, once), (2, between), (3, once)):
        cv2.setNumThreads(n_threads)
        said.append([part.tobytes() for part in match(*images)(points)])

    assert said[0] == said[2] != said[1]


@every_matcher
def test_random_numbers_of_the_caller_are_left_alone(name):
    drawn = []
    for looking in (False, True):
        cv2.setRNGSeed(15)
        if looking:
            MATCHERS[name]()(*scene([[1, 0, 5], [0, 1, 3]]))(grid())
        drawn.append(cv2.randu(np.zeros(8, dtype=np.uint8), 0, 255).ravel().tolist())

    assert drawn[0] == drawn[1]


@every_matcher
def test_arguments_are_left_as_they_were(name):
    before, after = scene([[1, 0, 5], [0, 1, 3]])
    points = grid()
    kept = before.copy(), after.copy(), points.copy()

    MATCHERS[name]()(before, after)(points)

    for was, now in zip(kept, (before, after, points), strict=True):
        np.testing.assert_array_equal(was, now)


@every_flow
def test_part_of_a_larger_array_is_an_image_like_others(name):
    before, after = scene([[1, 0, 5], [0, 1, 3]])
    padded = [np.pad(image, ((0, 0), (0, 11)))[:, :WIDTH] for image in (before, after)]

    plain, strided = (MATCHERS[name]()(*pair)(grid()) for pair in ((before, after), padded))

    np.testing.assert_array_equal(strided, plain)


@pytest.mark.parametrize("matcher", [dis, lucas_kanade])
def test_flow_on_shrunk_images_is_in_pixels_of_the_full_ones(matcher):
    before, after = scene([[1, 0, 12], [0, 1, -8]])
    match = matcher(working_pixels=HEIGHT * WIDTH // 9)

    source, target = match(before, after)(grid())

    assert len(source) > 0.9 * len(grid())
    assert np.median(np.linalg.norm(target - source - [12, -8], axis=1)) < 0.5


def test_lucas_kanade_believes_only_a_round_trip_that_ends_where_it_began():
    before, after = scene([[1, 0, 7], [0, 1, -4]])

    kept = [
        len(lucas_kanade(round_trip=limit)(before, after)(grid()).source) for limit in (1.0, 0.0)
    ]

    assert kept[0] > 0.9 * len(grid())
    assert kept[1] < 0.1 * len(grid())


def test_orb_of_2018_gives_whole_pixels():
    found = MATCHERS["orb"]()(*scene([[1, 0, 7.5], [0, 1, -4]]))(grid())

    assert len(found.source) > 100
    np.testing.assert_array_equal(np.concatenate(found) % 1, 0)


def test_orb_exact_near_the_points_is_part_of_orb_exact_everywhere():
    before, after = scene([[1, 0, 7], [0, 1, -4]])
    points = np.array([[100.0, 100.0], [200.0, 140.0]])

    near = orb_exact(reach=30.0)(before, after)(points)
    everywhere = orb_exact(reach=np.inf)(before, after)(points)

    distance = np.linalg.norm(everywhere.source[:, None] - points, axis=2).min(axis=1)
    assert 0 < len(near.source) < len(everywhere.source)
    for part, whole in zip(near, everywhere, strict=True):
        np.testing.assert_array_equal(part, whole[distance <= 30.0])


def test_hashing_finds_nearly_what_comparing_everything_finds():
    before, after = scene([[1, 0, 7], [0, 1, -4]])

    hashed = MATCHERS["orb"]()(before, after)(grid())
    exact = orb_exact(reach=np.inf)(before, after)(grid())

    rows = [set(map(tuple, np.trunc(np.concatenate(found, axis=1)))) for found in (hashed, exact)]
    assert len(rows[0] & rows[1]) > 0.95 * len(rows[1])


@pytest.mark.parametrize(
    ("gain", "same"),
    [
        # Both means and deviations grow by g: likeness (2 g / (1 + g²))², 0.75 at g = 1.73.
        pytest.param(1.0, True, id="equal"),
        pytest.param(1.6, True, id="brighter"),
        pytest.param(1.9, False, id="twice-as-bright"),
        pytest.param(0.5, False, id="half-as-bright"),
    ],
)
def test_likeness_asks_for_brightness_and_contrast(gain, same):
    before = 0.4 * texture(12, 64, 64).astype(float) + 20
    after = gain * before
    point = np.array([[32.0, 30.0]])

    alike_there = alike(before.astype(np.uint8), np.rint(after).astype(np.uint8), point, point)

    assert alike_there.tolist() == [same]


def test_likeness_asks_for_texture_and_for_the_same_structure():
    image, ramp = texture(13, 64, 64), np.zeros((64, 64), dtype=np.uint8)
    # Standard deviation of 7 equally spaced levels, 2 s apart: 4 s. At s = 0.25 it is 1.
    ramp[:] = 100 + 0.25 * np.arange(64)
    point = np.array([[32.0, 30.0]])

    assert not alike(image, 255 - image, point, point).any()
    assert not alike(image, image.T.copy(), point, point).any()
    assert not alike(ramp, ramp, point, point).any()
    assert alike(image, image, point, point).all()


def test_likeness_of_nothing():
    assert alike(texture(14), texture(14), np.empty((0, 2)), np.empty((0, 2))).shape == (0,)


def test_shrinking_keeps_centres_where_they_were():
    # A single bright pixel at (7, 4) shrunk by 3 lies in pixel (2, 1), whose centre is (7, 4).
    image = np.zeros((11, 13), dtype=np.uint8)
    image[4, 7] = 90

    small = shrunk(image, 3)

    assert small.shape == (3, 4)
    assert small[1, 2] == 90 // 9
    assert small.sum() == 90 // 9
    np.testing.assert_allclose(to_shrunk(np.array([[7.0, 4.0]]), 3), [[2, 1]])
    np.testing.assert_allclose(to_full(np.array([[2.0, 1.0]]), 3), [[7, 4]])


@pytest.mark.parametrize(
    ("size", "pixels", "step"),
    [((720, 1280), 40_000, 5), ((720, 1280), 230_400, 2), ((100, 100), 10_000, 1), ((9, 9), 80, 2)],
)
def test_images_are_shrunk_by_the_least_whole_number_that_suffices(size, pixels, step):
    assert shrink_step(np.empty(size, dtype=np.uint8), pixels) == step


def test_sampling_has_no_limit_of_rows_and_goes_on_beyond_edges():
    image = np.array([[0.0, 10.0], [20.0, 30.0]], dtype=np.float32)
    x, y = np.full((40_000, 1), 0.5), np.full((40_000, 1), 0.5)
    x[-1], y[-1] = -3.0, 9.0

    values = sample(image, x, y)

    assert values.shape == (40_000, 1)
    np.testing.assert_allclose(values[:-1], (0 + 10 + 20 + 30) / 4)
    np.testing.assert_allclose(values[-1], 20)


# Real frames warped by known fields: the shares within 3 and 10 px that the reference data states.
DIS_SHARES = {
    "0_bedroom_3px": (0.998, 1.0),
    "1_bedroom_10px": (0.997, 1.0),
    "2_vtest_3px": (1.0, 1.0),
    "3_vtest_25px": (0.959, 0.980),
    "4_treadmill_10px": (1.0, 1.0),
    "5_treadmill_30px": (1.0, 1.0),
}
ORB_SHARES = {"2_vtest_3px": (1.0, 1.0), "4_treadmill_10px": (1.0, 1.0)}


def warped_pair(pair: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two frames, the points of a grid of 8 px inside the people, and where these have gone."""
    folder = shared("golden", "deepmatching", pair)
    before, after = (
        cv2.imread(str(folder / f"{name}.jpg"), cv2.IMREAD_GRAYSCALE)
        for name in ("before", "after")
    )
    with np.load(folder / "truth.npz") as truth:
        flow, boxes = truth["flow"].astype(np.float64), truth["boxes"]
    rows, columns = flow.shape[0] // 2, flow.shape[1] // 2
    points = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2) * 8
    low, high = boxes[:, :2], boxes[:, 2:]
    points = points[((points[:, None] >= low) & (points[:, None] <= high)).all(axis=2).any(axis=1)]
    return before, after, points.astype(float), points + flow[points[:, 1] // 4, points[:, 0] // 4]


def shares_within(target: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    error = np.linalg.norm(target - truth, axis=1)
    return float((error < 3).mean()), float((error < 10).mean())


@pytest.mark.golden
@pytest.mark.parametrize("pair", DIS_SHARES)
def test_dis_follows_real_people_nearly_as_well_as_at_full_resolution(pair):
    before, after, points, truth = warped_pair(pair)
    targets, truths, kept = [], [], []

    # Cut off at the left and at the top, the images are shrunk to other pixels. What is followed of
    # a hundred points of tiny people depends on these by some points in either direction.
    for cut in ([0, 0], [1, 0], [0, 1], [2, 1], [1, 2], [3, 2], [2, 3], [3, 3]):
        left, top = cut
        source, target = dis()(before[top:, left:], after[top:, left:])(points - cut)
        followed = ((points - cut)[:, None] == source).all(axis=2).any(axis=1)
        targets.append(target + cut)
        truths.append(truth[followed])
        kept.append(followed.mean())

    got = shares_within(np.concatenate(targets), np.concatenate(truths))
    expected = DIS_SHARES[pair]
    # Tiny people jump by twice their width: a tenth more of what is followed misses by 3 px, which
    # is a sixth of that width, and by 10 nothing does.
    tiny = pair == "3_vtest_25px"
    assert got[0] >= expected[0] - (0.1 if tiny else 0.05)
    assert got[1] >= expected[1] - 0.01
    # A third of a person of 20×60 px who jumps by 38 does look different there.
    assert np.mean(kept) > (0.45 if tiny else 0.85)


@pytest.mark.golden
@pytest.mark.parametrize("pair", ORB_SHARES)
def test_orb_exact_follows_real_people(pair):
    before, after, points, truth = warped_pair(pair)

    carried = carry(points, orb_exact()(before, after)(points), radius=np.inf)

    assert np.subtract(ORB_SHARES[pair], shares_within(carried, truth)).max() <= 0.01


@pytest.mark.golden
def test_orb_finds_most_of_what_the_2018_program_read():
    # It read JPEG images, we the video: the same frames with a little other noise.
    video = cv2.VideoCapture(str(shared("data", "videos", "vtest.avi")))
    frames = [video.read()[1] for _ in range(102)]
    before, after = (cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames[100:])
    with np.load(shared("golden", "published", "vtest", "correspondences.npz")) as pairs:
        expected = set(map(tuple, pairs["100_101"].astype(float)))

    found = MATCHERS["orb"]()(before, after)(np.array([[100.0, 100.0]]))

    assert len(expected & set(map(tuple, np.concatenate(found, axis=1)))) > 0.7 * len(expected)

"""Tags and trails beside people, and not on them."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.errors import InputError
from poseflow.painting import Tag, write
from poseflow.render import Renderer
from poseflow.skeletons import skeleton
from test_render import STICK, changed, ground, stick

COCO = skeleton("coco-17")


def tag(renderer: Renderer, *ends: tuple[float, ...]) -> Tag:
    (only,) = renderer.sketch((300, 400), stick(*ends)).tags
    return only


def place(top: tuple[float, float], size: float) -> tuple[int, ...]:
    return write(ground(), Tag("8", np.full(3, 200.0), size, top), [])


def test_a_tag_is_above_the_head():
    x0, _, x1, y1 = place((200, 150), 200)
    assert abs((x0 + x1) / 2 - 200) <= 1
    assert abs(y1 - (150 - 0.085 * 200)) <= 1


@pytest.mark.parametrize("x", [200, 10, 390])
def test_a_tag_is_beside_a_head_that_touches_the_edge(x):
    x0, y0, x1, _ = place((x, 12), 200)
    assert y0 == 0
    assert x1 <= x - 17 or x0 >= x + 17


def test_tags_do_not_jump_when_people_crouch():
    renderer = Renderer(STICK)
    tall = tag(renderer, (200, 100), (200, 280)).size
    for _ in range(10):
        crouching = tag(renderer, (200, 190), (200, 280)).size
    assert 0.9 * tall < crouching < tall
    for _ in range(1000):
        small = tag(renderer, (200, 190), (200, 280)).size
    assert small == pytest.approx(90, rel=0.01)


def test_a_trail_is_no_limb_on_the_person():
    with_trail, without = Renderer(COCO), Renderer(COCO, trail=0)
    for t in range(10):
        poses = frame_of(person(200 + 2 * t, 150)).with_track_ids([1])
        seen, bare = with_trail.draw(ground(), poses), without.draw(ground(), poses)
    (x0, y0, x1, y1) = np.rint(poses.boxes[0]).astype(int)
    np.testing.assert_array_equal(seen[y0:y1, x0:x1], bare[y0:y1, x0:x1])


def test_a_trail_is_thinner_than_a_limb():
    renderer = Renderer(STICK)
    for x in range(100, 800, 40):
        image = renderer.draw(ground(1000, 800), stick((x, 100), (x, 700)))
    limb = np.flatnonzero(changed(image)[600, :]).size
    assert 0 < changed(image)[:, 720].sum() < limb / 2


def test_a_trail_below_nothing_is_refused():
    with pytest.raises(InputError, match="trail: expected 0 frames or more, got -1"):
        Renderer(COCO, trail=-1)

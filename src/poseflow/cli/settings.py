"""The settings of the tracker as options: each parameter with its unit, effect and default."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import words

if TYPE_CHECKING:
    from ..tracking import Rule, paper

# Of each parameter of a rule: what it is counted in, and what it does to the result.
PARAMETERS = {
    "memory": (
        "SECONDS",
        "how long a person is remembered unseen. Longer: ids survive longer occlusions, and a "
        "newcomer is likelier to get an id that was another's",
    ),
    "sure": (
        "SCORE",
        "from this pose score (0 to 1) on, a pose is matched first; weaker ones only continue "
        "people who are left over. Lower: weak poses win ids more often",
    ),
    "birth": ("SCORE", "a pose with this score (0 to 1) starts a new id at once"),
    "trial": (
        "SCORE",
        "a weaker pose needs this score (0 to 1) to start an id by going on. Lower: people whom "
        "the estimator hardly sees get ids, and so do lamp posts",
    ),
    "persist": (
        "FRAMES",
        "in a row after which such a pose starts a new id. More: fewer false people; "
        "people whom the estimator is never sure of get their id later",
    ),
    "similar": (
        "SHARE",
        "what a sure pose's similarity with a person (0 to 1) must exceed to be that person. "
        "Higher: ids break more often, and are handed to others less often",
    ),
    "similar-weak": ("SHARE", "the same for a weak pose"),
    "duplicate": (
        "SHARE",
        "two poses of one frame with a keypoint similarity (0 to 1) above this are one person "
        "seen twice; the weaker gets no id. 1 = keep all",
    ),
    "rival": (
        "SHARE",
        "of the better one's score, above which the weaker of two such poses is somebody else "
        "after all. 1 = never; with --people at most 0.8",
    ),
    "keypoint-share": (
        "SHARE",
        "what keypoints count in the similarity (0 to 1); boxes count the rest",
    ),
    "softness": (
        "FACTOR",
        "on the keypoints' OKS falloffs. Larger: forgives faster motion and noisier poses, and "
        "tells close people apart less well",
    ),
    "growth": (
        "SHARE",
        "by which the falloffs grow with each second a person was not seen",
    ),
    "staleness": (
        "SHARE",
        "of similarity that a person unseen for 1.2 seconds or more loses. Higher: those in view "
        "win against those remembered",
    ),
    "covered": (
        "SHARE",
        "of a new pose's box (0 to 1) within that of somebody who goes on, above which it gets an "
        "id only after --persist frames: it may be half of that person, seen once more. 1 = never",
    ),
    "looks": (
        "SHARE",
        "what appearance adds to the similarity of people who were lost, for each 1 of likeness. "
        "0 = only who is new is compared with who was lost",
    ),
    "alike": ("SHARE", "likeness (a cosine, 0 to 1) that speaks neither for nor against"),
    "recognised": (
        "SHARE",
        "likeness (0 to 1) above which somebody new is somebody who was lost nearby. Higher: "
        "people come back as others more often. 1 = never",
    ),
    "nearby": (
        "SIZES",
        "of a person (the root of the box's area), how far away from where somebody was lost "
        "somebody new may be that person. Farther: fewer ids, and more that are another's",
    ),
    "pace": ("SIZES", "a second, in which people get that far"),
    "persistence": (
        "SECONDS",
        "after which a person's velocity, if nobody saw it again, has lost all but 37 percent",
    ),
    "confident": (
        "SCORE",
        "that a pose needs (0 to 1) to take part; the others get no id",
    ),
    "link": ("FRAMES", "a pose continues a person seen at most so many frames back"),
    "joints": ("COUNT", "how many keypoints, the best overlapping, are averaged (num in 2018)"),
    "reach": ("PIXELS", "half the side of the square around a keypoint (mag in 2018)"),
    "match": (
        "GRADE",
        "a pair is taken if its grade, 0 to 6, exceeds this. Higher: ids break more often",
    ),
    "window": (
        "FRAMES",
        "that a frame waits before it is final, while flows are compared. More: duplicates and "
        "pieces of a person are told more surely; answers come later (L)",
    ),
    "candidate": (
        "POINTS",
        "shared points, summed over the joints, from which a pose may follow another (epsilon). "
        "Higher: flows jump less and break more",
    ),
    "ahead": ("FRAMES", "in which a step of a flow must pay off (r)"),
    "gain": (
        "SHARE",
        "of its own mean confidence that a flow must find in the frames ahead, or it ends "
        "(gamma). Higher: flows break sooner",
    ),
    "square": ("SHARE", "of a person's size, the side of the square around a joint"),
    "distance": (
        "DISTANCE",
        "up to which two flows are one person and are fused. Larger: fewer people twice, more "
        "people taken for one",
    ),
    "closeness": (
        "EXPONENT",
        "how much a pose that shares fewer points than another counts less. 0 = not at all, as "
        "in the paper: flows go to whoever is surest",
    ),
    "fading": (
        "FACTOR",
        "on the scores of a person carried over to a frame in which the estimator missed them, "
        "each frame",
    ),
    "patience": (
        "FRAMES",
        "in a row in which a person missed is carried over; 0 = nobody is. More: longer gaps are "
        "filled, with poses that are worse",
    ),
    "believed": ("SCORE", "mean confidence (0 to 3) that a flow needs to get an id"),
    "least": (
        "FRAMES",
        "in which a person must have been seen to get an id, and to go on before "
        "those who have not",
    ),
}


def add_settings(parser: argparse.ArgumentParser, rules: dict[str, Any]) -> None:
    """Add the parameters of the settings, each with its unit, effect and default."""
    group = parser.add_argument_group("tracking")
    for option, (unit, effect) in PARAMETERS.items():
        name = option.replace("-", "_")
        having = {k: rule for k, rule in rules.items() if name in _parameters(rule)}
        if not having:
            continue
        defaults = {k: words.default_of(rule, name) for k, rule in having.items()}
        said = ", ".join(f"{value:g} in {k}" for k, value in defaults.items())
        group.add_argument(
            f"--{option}",
            type=type(next(iter(defaults.values()))),
            default=words.NOT_GIVEN,
            metavar=unit,
            help=f"{effect} ({said})",
        )


def _parameters(rule: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(rule)}


def make_setting(setting: str, parameters: dict[str, Any]) -> Rule | paper:
    """The named setting with the parameters that were typed.

    Raises:
        InputError: it has no such parameter, or one is out of its range.
    """
    from ..tracking import SETTINGS

    for name in parameters:
        if name not in _parameters(SETTINGS[setting]):
            owners = [k for k, rule in SETTINGS.items() if name in _parameters(rule)]
            raise InputError(
                f"--{name.replace('_', '-')}: expected with --setting {' or '.join(owners)}, "
                f"got --setting {setting}"
            )
    with words.naming_options():
        return SETTINGS[setting](**parameters)

"""Skeletons: the facts of the shipped ones, and files of one's own."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from poseflow.errors import InputError
from poseflow.skeletons import DEFAULT_SIGMA, SKELETONS, Skeleton, skeleton
from poseflow.skeletons.mapping import DERIVED

NAN = np.nan
MIDDLE = {"nose", "neck", "head_top", "thorax", "pelvis"}

# --- the shipped skeletons -----------------------------------------------------------------------

shipped = pytest.mark.parametrize("name", SKELETONS)


def test_the_names_are_those_of_the_files() -> None:
    found = {p.name for p in files("poseflow.skeletons").iterdir() if p.name.endswith(".toml")}
    assert found == {f"{name}.toml" for name in SKELETONS}


@shipped
def test_the_size_is_in_the_name(name: str) -> None:
    assert skeleton(name).name == name
    assert len(skeleton(name)) == int(name.split("-")[-1])
    assert len(set(skeleton(name).keypoints)) == len(skeleton(name))


@shipped
def test_mirror_exchanges_left_and_right(name: str) -> None:
    s = skeleton(name)
    assert_array_equal(s.mirror[s.mirror], np.arange(len(s)))
    for i, keypoint in enumerate(s.keypoints):
        other = s.keypoints[s.mirror[i]]
        if keypoint.startswith("left_"):
            assert other == keypoint.replace("left_", "right_")
        elif keypoint in MIDDLE:
            assert other == keypoint
        else:
            assert keypoint.startswith(("right_", "face_"))


@shipped
def test_edges_join_the_whole_body_and_mirror_onto_themselves(name: str) -> None:
    s = skeleton(name)
    edges = {frozenset(edge) for edge in s.edges}
    assert len(edges) == len(s.edges)
    assert all(len(edge) == 2 and edge <= set(range(len(s))) for edge in edges)
    assert {frozenset(int(s.mirror[i]) for i in edge) for edge in edges} == edges
    # Everything is drawn: every keypoint is the end of some edge.
    assert set().union(*edges) == set(range(len(s)))


@shipped
def test_sigmas_are_positive_and_the_same_for_the_same_joint(name: str) -> None:
    s, coco = skeleton(name), skeleton("coco-17")
    assert s.sigmas.shape == (len(s),)
    assert (s.sigmas > 0).all()
    for keypoint, sigma in zip(s.keypoints, s.sigmas, strict=True):
        if keypoint in coco.keypoints:
            assert sigma == coco.sigmas[coco.keypoints.index(keypoint)], keypoint
        elif keypoint in MIDDLE:
            assert sigma == 0.08, keypoint
    if name != "coco-wholebody-133":  # whose authors measured left and right apart
        assert_array_equal(s.sigmas, s.sigmas[s.mirror])


def test_coco_sigmas_as_published() -> None:
    tenths = [0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62]
    tenths += [1.07, 1.07, 0.87, 0.87, 0.89, 0.89]
    assert skeleton("coco-17").sigmas * 10 == pytest.approx(tenths)
    assert pytest.approx(np.mean(tenths) / 10, abs=5e-4) == DEFAULT_SIGMA


SIDES = {"l": "left", "r": "right"}


@pytest.mark.parametrize(
    ("name", "order"),
    [
        pytest.param(
            "coco-17",
            "nose l_eye r_eye l_ear r_ear l_shoulder r_shoulder l_elbow r_elbow l_wrist r_wrist "
            "l_hip r_hip l_knee r_knee l_ankle r_ankle",
            id="coco",
        ),
        pytest.param(
            "mpii-16",
            "r_ankle r_knee r_hip l_hip l_knee l_ankle pelvis thorax neck head_top "
            "r_wrist r_elbow r_shoulder l_shoulder l_elbow l_wrist",
            id="mpii",
        ),
        pytest.param(
            "posetrack-15",
            "r_ankle r_knee r_hip l_hip l_knee l_ankle r_wrist r_elbow r_shoulder "
            "l_shoulder l_elbow l_wrist neck nose head_top",
            id="posetrack-2017",
        ),
        pytest.param(
            "posetrack-17",
            "nose neck head_top l_ear r_ear l_shoulder r_shoulder l_elbow r_elbow "
            "l_wrist r_wrist l_hip r_hip l_knee r_knee l_ankle r_ankle",
            id="posetrack-2018",
        ),
        pytest.param(
            "body-25",
            "nose neck r_shoulder r_elbow r_wrist l_shoulder l_elbow l_wrist pelvis "
            "r_hip r_knee r_ankle l_hip l_knee l_ankle r_eye l_eye r_ear l_ear "
            "l_big_toe l_small_toe l_heel r_big_toe r_small_toe r_heel",
            id="body-25",
        ),
        pytest.param(
            "openpose-18",
            "nose neck r_shoulder r_elbow r_wrist l_shoulder l_elbow l_wrist "
            "r_hip r_knee r_ankle l_hip l_knee l_ankle r_eye l_eye r_ear l_ear",
            id="openpose-18",
        ),
        pytest.param(
            "halpe-26",
            "nose l_eye r_eye l_ear r_ear l_shoulder r_shoulder l_elbow r_elbow l_wrist r_wrist "
            "l_hip r_hip l_knee r_knee l_ankle r_ankle head_top neck pelvis "
            "l_big_toe r_big_toe l_small_toe r_small_toe l_heel r_heel",
            id="halpe-26",
        ),
    ],
)
def test_order(name: str, order: str) -> None:
    spelled = [re.sub(r"^([lr])_", lambda m: SIDES[m[1]] + "_", word) for word in order.split()]
    assert skeleton(name).keypoints == tuple(spelled)


def hand(side: str) -> tuple[str, ...]:
    fingers = ("thumb", "index", "middle", "ring", "pinky")
    joints = tuple(f"{side}_{finger}_{i}" for finger in fingers for i in (1, 2, 3, 4))
    return (f"{side}_hand_root", *joints)


FACE = tuple(f"face_{i}" for i in range(68))
FEET = tuple(f"{side}_{p}" for side in SIDES.values() for p in ("big_toe", "small_toe", "heel"))


def test_order_of_whole_bodies() -> None:
    halpe, coco = skeleton("halpe-136").keypoints, skeleton("coco-wholebody-133").keypoints
    assert halpe == (*skeleton("halpe-26").keypoints, *FACE, *hand("left"), *hand("right"))
    assert coco == (*skeleton("coco-17").keypoints, *FEET, *FACE, *hand("left"), *hand("right"))
    # Where the data sets' own pages say that the parts begin.
    assert [halpe.index(k) for k in ("face_0", "left_hand_root", "right_hand_root")] == [
        26,
        94,
        115,
    ]
    assert [coco.index(k) for k in ("face_0", "left_hand_root", "right_hand_root")] == [23, 91, 112]


@pytest.mark.parametrize("name", ["halpe-136", "coco-wholebody-133"])
def test_a_face_mirrors_left_to_right(name: str) -> None:
    # A face of 300-W's layout, x from its middle: a mirror pair has opposite x and the same y.
    x = np.empty(68)
    x[0:17] = np.arange(-8, 9)  # jaw
    x[17:27] = [-6, -5, -4, -3, -2, 2, 3, 4, 5, 6]  # brows
    x[27:31] = 0  # bridge
    x[31:36] = [-2, -1, 0, 1, 2]  # nostrils
    x[36:42] = [-5, -4, -3, -2, -3, -4]  # right eye: outer corner, lid, inner corner, lid
    x[42:48] = [2, 3, 4, 5, 4, 3]  # left eye: inner corner, lid, outer corner, lid
    x[48:60] = [-3, -2, -1, 0, 1, 2, 3, 2, 1, 0, -1, -2]  # outer lips, once round
    x[60:68] = [-2, -1, 0, 1, 2, 1, 0, -1]  # inner lips, once round
    y = np.zeros(68)
    y[17:27], y[27:31], y[31:36] = 1, [2, 3, 4, 5], 6
    y[[36, 39, 42, 45]], y[[37, 38, 43, 44]], y[[40, 41, 46, 47]] = 8, 7, 9
    y[48:60] = [11, 10, 10, 10, 10, 10, 11, 12, 12, 12, 12, 12]
    y[60:68] = [14, 13, 13, 13, 14, 15, 15, 15]
    s = skeleton(name)
    start = s.keypoints.index("face_0")
    mirror = s.mirror[start : start + 68] - start
    assert_array_equal(x[mirror], -x)
    assert_array_equal(y[mirror], y)


def test_whole_body_sigmas_as_published() -> None:
    s = skeleton("coco-wholebody-133")
    sigma = dict(zip(s.keypoints, s.sigmas.tolist(), strict=True))
    assert [sigma[k] for k in FEET] == [0.068, 0.066, 0.066, 0.092, 0.094, 0.094]
    assert [sigma[f"face_{i}"] for i in (0, 8, 16, 47, 67)] == [0.042, 0.020, 0.045, 0.034, 0.008]
    assert [sigma[k] for k in hand("left")] == [sigma[k] for k in hand("right")]
    assert [sigma[f"left_{k}"] for k in ("hand_root", "thumb_4", "pinky_4")] == [
        0.029,
        0.047,
        0.031,
    ]
    # Checksums of the published lists (xtcocotools' example): their sum, and weighted by place.
    for part, total, weighted in ((FACE, 1.137, 26.208), (hand("left"), 0.553, 5.137)):
        values = [sigma[k] for k in part]
        assert sum(values) == pytest.approx(total)
        assert sum(i * value for i, value in enumerate(values)) == pytest.approx(weighted)


def test_hands_have_five_fingers_of_four_bones() -> None:
    s = skeleton("halpe-136")
    bones = {(s.keypoints[a], s.keypoints[b]) for a, b in s.edges}
    for finger in ("thumb", "index", "middle", "ring", "pinky"):
        chain = ["left_hand_root", *(f"left_{finger}_{i}" for i in (1, 2, 3, 4))]
        assert set(pairwise(chain)) <= bones


# --- a skeleton as a value -----------------------------------------------------------------------


def toy(name: str = "toy", keypoints: tuple[str, ...] = ("a", "b"), **fields: object) -> Skeleton:
    default = {"edges": ((0, 1),), "mirror": np.array([1, 0]), "sigmas": np.array([0.1, 0.1])}
    return Skeleton(name, keypoints, **{**default, **fields})  # type: ignore[arg-type]


def test_equal_by_name_and_keypoints() -> None:
    assert toy() == toy(sigmas=np.array([0.2, 0.3]))
    assert hash(toy()) == hash(toy(edges=()))
    assert toy() != toy(name="other")
    assert toy() != toy(keypoints=("b", "a"))
    assert pickle.loads(pickle.dumps(skeleton("coco-17"))) == skeleton("coco-17")


def test_arrays_cannot_be_written_and_are_copies() -> None:
    sigmas = np.array([0.1, 0.2])
    s = toy(sigmas=sigmas)
    sigmas[0] = 9
    assert s.sigmas.tolist() == [0.1, 0.2]
    for array in (s.sigmas, s.mirror, skeleton("coco-17").sigmas):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"keypoints": ("a", "a")}, "keypoints: .* 'a' twice", id="twice"),
        pytest.param({"edges": ((0, 2),)}, r"edges: .* 0 to 1, got \(0, 2\)", id="edge-beyond"),
        pytest.param({"edges": ((-1, 0),)}, r"edges: .* got \(-1, 0\)", id="edge-negative"),
        pytest.param({"mirror": np.array([1, 1])}, "mirror: ", id="one-way"),
        pytest.param({"mirror": np.array([0, 2])}, "mirror: ", id="mirror-beyond"),
        pytest.param({"mirror": np.array([0])}, "mirror: ", id="mirror-short"),
        pytest.param({"sigmas": np.array([0.1])}, "sigmas: .* 2 keypoints, got 1", id="short"),
        pytest.param({"sigmas": np.array([0.1, 0])}, "sigmas: .* got 0.0 for 'b'", id="zero"),
        pytest.param({"sigmas": np.array([NAN, 1])}, "sigmas: .* got nan for 'a'", id="nan"),
    ],
)
def test_fields_that_do_not_fit(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        toy(**fields)  # type: ignore[arg-type]


# --- files ---------------------------------------------------------------------------------------

MOUSE = """
name = "mouse-3"
keypoints = ["snout", "left_ear", "right_ear"]
edges = [["snout", "left_ear"], ["right_ear", "snout"]]
mirror = [["right_ear", "left_ear"]]
sigmas = [0.03, 0.05, 1]
"""


def test_a_file_in_toml_and_in_json(tmp_path: Path) -> None:
    (tmp_path / "mouse.toml").write_text(MOUSE)
    # The content decides, not the name; a byte order mark is no content.
    (tmp_path / "mouse.txt").write_text("\n" + json.dumps(tomllib.loads(MOUSE)), "utf-8-sig")
    for path in (tmp_path / "mouse.toml", str(tmp_path / "mouse.txt")):
        mouse = skeleton(path)
        assert mouse.name == "mouse-3"
        assert mouse.keypoints == ("snout", "left_ear", "right_ear")
        assert mouse.edges == ((0, 1), (2, 0))
        assert mouse.mirror.tolist() == [0, 2, 1]
        assert mouse.sigmas.tolist() == [0.03, 0.05, 1.0]


def test_only_name_and_keypoints_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "worm.toml"
    path.write_text('name = "worm"\nkeypoints = ["head", "tail"]')
    worm = skeleton(path)
    assert worm.edges == ()
    assert worm.mirror.tolist() == [0, 1]
    assert worm.sigmas.tolist() == [DEFAULT_SIGMA] * 2


def test_a_shipped_file_is_a_users_file(tmp_path: Path) -> None:
    path = tmp_path / "copy.toml"
    path.write_bytes(files("poseflow.skeletons").joinpath("coco-wholebody-133.toml").read_bytes())
    copy, ours = skeleton(path), skeleton("coco-wholebody-133")
    assert copy == ours
    assert copy.edges == ours.edges
    assert_array_equal(copy.sigmas, ours.sigmas)


PAGE = Path(__file__).parents[1] / "docs" / "skeletons.md"


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "mouse-7.toml"
    path.write_text(example)
    assert len(skeleton(path)) == 7


def test_the_tables_of_the_documentation() -> None:
    page = PAGE.read_text("utf-8")
    sizes = re.findall(r"^\| `([\w-]+)` \| (\d+) \|", page, re.MULTILINE)
    assert sizes == [(name, str(len(skeleton(name)))) for name in SKELETONS]
    rules = dict(re.findall(r"^\| `(\w+)` \| ([^|]*_[^|]*|[^|]* / 2) \|", page, re.MULTILINE))
    assert rules.keys() == DERIVED.keys()
    for child, formula in rules.items():
        for parent in DERIVED[child]:
            one = {name: float(name == parent) for name in DERIVED[child]}
            weight = eval(formula.replace("·", "*").replace("−", "-"), one)
            assert weight == DERIVED[child][parent]


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(InputError, match=r"one of coco-17, mpii-16, .*mediapipe-33; got 'coco17'"):
        skeleton("coco17")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "name: expected this field, which is missing", id="empty"),
        pytest.param("{}", "name: expected this field", id="empty-json"),
        pytest.param('{"name": "x"}', "keypoints: expected this field", id="no-keypoints"),
        pytest.param('{"name": "x", ', "expected a TOML or JSON file: Expecting", id="cut-json"),
        pytest.param('name = "x', "expected a TOML or JSON file: ", id="cut-toml"),
        pytest.param('["a", "b"]', "expected a TOML or JSON file", id="json-list"),
        pytest.param(b"\xff\xfe\x00", "expected a TOML or JSON file: .*utf-8", id="binary"),
        pytest.param("[" * 100_000, "expected a TOML or JSON file", id="deep-toml"),
        pytest.param('{"a":' * 100_000, "expected a TOML or JSON file", id="deep-json"),
        pytest.param(("mirror", "mirrors"), "mirrors: expected only the fields name,", id="field"),
        pytest.param(('"mouse-3"', "3"), "name: expected a text, got 3", id="name-number"),
        pytest.param(('"mouse-3"', '" "'), "name: expected a text", id="name-blank"),
        pytest.param(
            ('= ["snout", "left_ear", ', "= [5, "),
            "keypoints: expected names, got 5",
            id="name-of-keypoint",
        ),
        pytest.param(
            ('["snout", "left_ear", "right_ear"]\nedges', "[]\nedges"),
            r"keypoints: expected a list of names, got \[\]",
            id="no-names",
        ),
        pytest.param(
            (
                '["snout", "left_ear", "right_ear"]\nedges',
                '["snout", "left_ear", "left_ear"]\nedges',
            ),
            "edges: expected names of keypoints, got 'right_ear'",
            id="edge-unknown",
        ),
        pytest.param(
            ('"right_ear"]\nedges', '"right_ear", "snout"]\nedges'),
            "keypoints: expected different names, got 'snout' twice",
            id="name-twice",
        ),
        pytest.param(('["snout", "left_ear"],', '["snout"],'), r"edges: .*\['snout'\]", id="one"),
        pytest.param(('[["snout", "left_ear"]', '["snout"'), "edges: .*'snout'", id="no-pair"),
        pytest.param(('["snout", "left_ear"],', "[0, 1],"), r"edges: .*\[0, 1\]", id="numbers"),
        pytest.param(
            ('["snout", "left_ear"],', '["snout", "snout"],'),
            "edges: expected two different keypoints",
            id="edge-to-itself",
        ),
        pytest.param(
            ('[["right_ear", "left_ear"]]', '"left_ear"'),
            "mirror: expected a list of pairs of keypoints, got 'left_ear'",
            id="mirror-text",
        ),
        pytest.param(
            ('"left_ear"]]', '"left_ear"], ["snout", "left_ear"]]'),
            "mirror: expected a keypoint in one pair, got 'left_ear' in two",
            id="in-two-pairs",
        ),
        pytest.param(
            ('"left_ear"]]', '"left_eye"]]'), "mirror: .* 'left_eye'", id="mirror-unknown"
        ),
        pytest.param((", 1]", "]"), "sigmas: .* 3 keypoints, got 2", id="too-few-sigmas"),
        pytest.param((", 1]", ", 1, 1]"), "sigmas: .* 3 keypoints, got 4", id="too-many-sigmas"),
        pytest.param((", 1]", ", -1]"), "sigmas: .* got -1.0 for 'right_ear'", id="negative"),
        pytest.param((", 1]", ", nan]"), "sigmas: .* got nan for 'right_ear'", id="nan"),
        pytest.param((", 1]", ", inf]"), "sigmas: .* got inf for 'right_ear'", id="inf"),
        pytest.param((", 1]", ', "1"]'), "sigmas: expected numbers, got '1'", id="text"),
        pytest.param((", 1]", ", true]"), "sigmas: expected numbers, got True", id="bool"),
        pytest.param((", 1]", f", 1{'0' * 400}]"), "sigmas: .* too large", id="huge"),
        pytest.param(("[0.03, 0.05, 1]", "0.1"), "sigmas: expected a list of", id="one-sigma"),
    ],
)
def test_a_mistake_in_a_file(
    tmp_path: Path, content: str | bytes | tuple[str, str], message: str
) -> None:
    """A content, or a replacement in the mouse's; the error names the file, then the field."""
    path = tmp_path / "mouse.toml"
    if isinstance(content, tuple):
        assert MOUSE.count(content[0]) == 1
        content = MOUSE.replace(*content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=f"^{re.escape(str(path))}: {message}") as raised:
        skeleton(path)
    assert len(str(raised.value)) < 400
    assert "\n" not in str(raised.value)


def test_a_folder_is_no_skeleton(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: "):
        skeleton(tmp_path)


def test_importing_is_cheap() -> None:
    heavy = "{'cv2', 'scipy', 'av', 'tomllib', 'importlib.resources'}"
    code = f"import numpy, sys; before = set(sys.modules); import poseflow.skeletons.mapping\n\
print(*(({heavy} & sys.modules.keys()) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""

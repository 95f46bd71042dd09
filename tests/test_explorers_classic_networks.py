"""The architecture explorer counts what Keras builds, and draws it to scale."""

from __future__ import annotations

from course_utils import explorers, inspection, models
from course_utils.explorers import Explorer, architecture
from course_utils.explorers.classic_networks import (
    COUNTS,
    NONE,
    SHARES,
    folded,
)
from course_utils.inspection import Layer
from tests.explored import (
    assert_caption_is_whole,
    assert_comes_back,
    assert_every_control_moves,
    assert_quick,
    drag,
    limits,
    shared,
)

import numpy as np
import pytest

# A warning in a callback would be printed somewhere in the notebook.
pytestmark = pytest.mark.filterwarnings("error")

PLAIN = [
    Layer("image", "InputLayer", (8, 8, 3), 0, 0, 0),
    Layer("conv", "Conv2D", (8, 8, 16), 448, 0, 27_648),
    Layer("norm", "BatchNormalization", (8, 8, 16), 64, 32, 0),
    Layer("relu", "ReLU", (8, 8, 16), 0, 0, 0),
    Layer("pool", "MaxPooling2D", (4, 4, 16), 0, 0, 0),
    Layer("flat", "Flatten", (256,), 0, 0, 0),
    Layer("drop", "Dropout", (256,), 0, 0, 0),
    Layer("fc", "Dense", (10,), 2_570, 0, 2_560),
]
# Two branches, listed level by level as Keras does it.
BRANCHED = [
    Layer("image", "InputLayer", (8, 8, 3), 0, 0, 0),
    Layer("a", "Conv2D", (4, 4, 8), 24, 0, 384),
    Layer("b", "Conv2D", (4, 4, 16), 432, 0, 6_912),
    Layer("norm_a", "BatchNormalization", (4, 4, 8), 32, 16, 0),
    Layer("norm_b", "BatchNormalization", (4, 4, 16), 64, 32, 0),
    Layer("relu_a", "Activation", (4, 4, 8), 0, 0, 0),
    Layer("relu_b", "Activation", (4, 4, 16), 0, 0, 0),
    Layer("both", "Concatenate", (4, 4, 24), 0, 0, 0),
    Layer("same", "MaxPooling2D", (4, 4, 24), 0, 0, 0),
]


def make() -> Explorer:
    return architecture({"plain": PLAIN, "branched": BRANCHED})


def tables() -> dict[str, list[Layer]]:
    """Return the networks of lecture 09 at full width."""
    builders = (
        *(models.lenet5, models.alexnet8, models.vgg16),
        *(models.inception10, models.resnet18),
    )
    return {
        build.__name__: inspection.layer_table(build()) for build in builders
    }


def make_classics() -> Explorer:
    return architecture(shared(tables))


def blocks(explorer: Explorer, network: int = 0) -> np.ndarray:
    """Return height, depth and thickness of every block, pixels."""
    still = explorer.live.figure.axes[3 * network].collections[0]
    corners = [path.vertices[:4] for path in still.get_paths()]
    front, top = np.array(corners[::3]), np.array(corners[1::3])
    return np.stack(
        [
            np.ptp(front[..., 1], axis=1),
            np.ptp(top[..., 1], axis=1),
            np.ptp(front[..., 0], axis=1),
        ],
        axis=1,
    )


def bars(explorer: Explorer, row: int, network: int = 0) -> np.ndarray:
    """Return how high the parameters (0) or multiply-adds (1) reach."""
    still = explorer.live.figure.axes[3 * network + 1 + row].collections[0]
    return np.array([p.vertices[:, 1].max() for p in still.get_paths()])


def marked(explorer: Explorer, network: int = 0) -> float:
    """Return which layer is marked below the bars."""
    chosen = explorer.live.figure.axes[3 * network + 1].collections[1]
    return float(chosen.get_paths()[1].vertices[:4, 0].mean())


def titles(explorer: Explorer) -> list[str]:
    """Return the title above each network that is shown."""
    two = explorer.live.figure.axes[::3]
    return [ax.get_title(loc="left") for ax in two if ax.get_visible()]


def test_what_neither_computes_nor_reshapes_is_folded() -> None:
    steps = folded(PLAIN)
    assert [s.name for s in steps] == ["image", "conv", "pool", "flat", "fc"]
    assert steps[1].kinds == ("Conv2D", "BatchNormalization", "ReLU")
    assert steps[1].parameters == 448 + 64
    assert steps[3].kinds == ("Flatten", "Dropout")


def test_what_follows_a_branch_goes_to_its_branch() -> None:
    steps = {step.name: step for step in folded(BRANCHED)}
    assert list(steps) == ["image", "a", "b", "both", "same"]
    assert steps["a"].parameters == 24 + 32
    assert steps["b"].parameters == 432 + 64
    assert steps["a"].kinds[1:] == ("BatchNormalization", "Activation")


def test_branches_of_one_shape_share_fairly() -> None:
    alike = [layer._replace(shape=(4, 4, 8)) for layer in BRANCHED[1:5]]
    counts = [step.kinds.count("BatchNormalization") for step in folded(alike)]
    assert counts == [1, 1]


@pytest.mark.parametrize(
    "name", ["lenet5", "alexnet8", "vgg16", "inception10", "resnet18"]
)
def test_folding_loses_nothing(name: str) -> None:
    table = shared(tables)[name]
    steps = folded(table)
    parameters, _, operations = inspection.totals(table)
    assert sum(step.parameters for step in steps) == parameters
    assert sum(step.operations for step in steps) == operations
    assert len(steps) <= 40  # so that they can be told apart
    computing = [row.name for row in table if row.operations]
    assert set(computing) <= {step.name for step in steps}


def test_the_readout_says_what_a_layer_costs() -> None:
    explorer = make()
    assert drag(explorer, layer=1) == (
        "plain, layer 1 of 4: conv (Conv2D, BatchNormalization, ReLU), "
        "8 × 8 × 3 → 8 × 8 × 16. 512 parameters, 17 % of 3,082. "
        "27.6 k multiply-adds, 92 % of 30.2 k."
    )
    assert drag(explorer, layer=2) == (
        "plain, layer 2 of 4: pool (MaxPooling2D), 8 × 8 × 16 → 4 × 4 × 16. "
        "No parameters and no multiply-adds; the network has 3,082 and "
        "30.2 k."
    )
    assert "256 units → 10 units" in drag(explorer, layer=4)
    # What stands before a branch in the table may be another branch.
    explorer.set(first="branched", layer=2)
    assert "b (Conv2D, BatchNormalization, Activation), 4 × 4 × 16." in (
        explorer.readout
    )


def test_two_networks_are_compared() -> None:
    explorer = make()
    explorer.set(second="branched", layer=1)
    assert explorer.readout == (
        "Layer 1: plain conv 8 × 8 × 16, branched a 4 × 4 × 8. "
        "Parameters 512 : 56, in all 3.08 k : 552 = 5.58. "
        "Multiply-adds 27.6 k : 384, in all 30.2 k : 7.30 k = 4.14."
    )
    assert titles(explorer) == [
        "plain\n3.08 k parameters, 30.2 k multiply-adds",
        "branched\n552 parameters, 7.30 k multiply-adds",
    ]
    drag(explorer, second=NONE)
    assert len(titles(explorer)) == 1


def test_the_shorter_network_waits_at_its_end() -> None:
    explorer = architecture({"plain": PLAIN, "short": PLAIN[:5]})
    explorer.set(second="short", layer=4)
    assert "plain fc 10 units, short pool (its last) 4 × 4" in explorer.readout
    assert marked(explorer, 0) == pytest.approx(4)
    assert marked(explorer, 1) == pytest.approx(2)
    # With the short one alone, there are fewer steps.
    explorer.set(first="short", second=NONE)
    assert explorer.controls["layer"].max == 2
    assert "layer 2 of 2" in explorer.readout


def test_blocks_are_to_a_logarithmic_scale() -> None:
    explorer = make()
    tall, far, thick = blocks(explorer).T
    assert tall[0] == tall[1]  # 8 pixels, twice
    assert tall[1] - tall[2] == pytest.approx((tall[1] - tall[3]) / 3)  # 4, 1
    assert far == pytest.approx(0.28 * tall)
    # 3, 16, 16, 256 and 10 channels
    assert thick[1] == pytest.approx(thick[2])
    assert np.argsort(thick.round(6), kind="stable").tolist() == [0, 4, 1, 2, 3]
    # Of two networks, equal blocks stay equal.
    explorer.set(second="branched")
    assert blocks(explorer)[0] == pytest.approx(blocks(explorer, 1)[0])


def test_bars_show_counts_or_shares() -> None:
    explorer = make()
    low = explorer.live.figure.axes[1].get_ylim()[0]
    assert bars(explorer, 0).tolist() == [low, 512, low, low, 2570]
    drag(explorer, bars=SHARES)
    assert bars(explorer, 1) == pytest.approx(
        [0, 100 * 27_648 / 30_208, 0, 0, 100 * 2_560 / 30_208]
    )
    explorer.set(second="branched")
    assert bars(explorer, 0, 1).sum() == pytest.approx(100)
    one, other = limits(explorer)[1], limits(explorer)[4]
    assert one[2:] == other[2:]  # the same scale


def test_the_slider_marks_one_layer_after_the_other() -> None:
    explorer = shared(make_classics)
    explorer.set(first="vgg16", second="resnet18")
    for layer in (0, 11, 22):
        drag(explorer, layer=layer)
        assert marked(explorer, 0) == pytest.approx(layer)
        assert marked(explorer, 1) == pytest.approx(layer)


def test_a_network_without_parameters_can_be_shown() -> None:
    none = [PLAIN[0], PLAIN[4]]
    explorer = architecture({"plain": PLAIN, "pools": none})
    for bar in (COUNTS, SHARES):
        explorer.set(first="pools", second=NONE, bars=bar, layer=1)
        assert "No parameters" in explorer.readout
        explorer.set(first="plain", second="pools", layer=1)
        assert "in all 3.08 k : 0." in explorer.readout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "no networks to show"),
        ({"none": PLAIN}, 'cannot be called "none"'),
        ({"a": []}, "table of a is no list of layers"),
        ({"a": [("conv", "Conv2D")]}, "inspection.layer_table"),
        ({"a": "vgg16"}, "no list of layers"),
        (
            {"a": [PLAIN[0]._replace(shape=(None, None, 3))]},
            r"image of a gives the shape \(None, None, 3\)",
        ),
        ({"a": [PLAIN[0]._replace(shape=())]}, "expected sizes above 0"),
    ],
    ids=["nothing", "none", "empty", "tuples", "text", "open", "scalar"],
)
def test_what_cannot_be_explored_is_explained(given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        explorers.architecture(given)


@pytest.mark.parametrize("shape", [(10,), (30, 8), (4, 5, 6, 7)], ids=str)
def test_outputs_of_any_rank_have_a_block(shape: tuple[int, ...]) -> None:
    table = [*PLAIN, Layer("odd", "Reshape", shape, 0, 0, 0)]
    explorer = architecture({"odd": table})
    readout = drag(explorer, layer=explorer.controls["layer"].max)
    assert " × ".join(map(str, shape)) in readout


def test_every_control_moves_the_picture() -> None:
    assert_every_control_moves(make())


def test_the_same_controls_give_the_same_picture() -> None:
    assert_comes_back(
        make,
        {"first": "branched", "second": "plain", "layer": 3, "bars": SHARES},
        {"first": "plain", "second": NONE, "layer": 0, "bars": COUNTS},
    )


def test_the_longest_caption_is_whole() -> None:
    explorer = shared(make_classics)
    readouts = {}
    for first, second in (
        ("resnet18", NONE),
        ("inception10", "alexnet8"),
    ):
        explorer.set(first=first, second=second)
        for layer in range(explorer.controls["layer"].max + 1):
            drag(explorer, layer=layer)
            readouts[explorer.readout] = explorer.values()
    for readout in sorted(readouts, key=len)[-2:]:
        explorer.set(**readouts[readout])
        assert_caption_is_whole(explorer)


def test_a_move_is_much_faster_than_a_full_drawing() -> None:
    explorer = shared(make_classics)
    explorer.set(first="resnet18", second="vgg16", layer=0)
    assert_quick(explorer, "layer", range(1, 12), share=0.5)

"""The exercises of lecture 09."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

from course_utils.check.exercise import (
    Exercise,
    NotAttempted,
    Raised,
    Wrong,
    against,
    attempt,
    call,
)
from course_utils.check.keras_workflow import _quietly

import numpy as np


def _bottleneck(channels: int, reduced: int, filters: int, kernel: int) -> int:
    squeeze = (channels + 1) * reduced
    return squeeze + (kernel**2 * reduced + 1) * filters


bottleneck = Exercise(
    against(
        reference=_bottleneck,
        cases=[(4, 2, 3, 3), (3, 5, 2, 5), (8, 2, 6, 1), (192, 16, 32, 5)],
        mistakes={
            "The biases are missing: each of the two convolutions has one for "
            "every channel that it makes.": (
                lambda c, r, f, k: c * r + k**2 * r * f
            ),
            "The biases of the 1 × 1 convolution are missing: one for each of "
            "the reduced channels.": (
                lambda c, r, f, k: c * r + (k**2 * r + 1) * f
            ),
            "The biases of the second convolution are missing: one for each "
            "filter.": lambda c, r, f, k: (c + 1) * r + k**2 * r * f,
            "You count one bias for each convolution. It has one for every "
            "channel that it makes.": (
                lambda c, r, f, k: c * r + 1 + k**2 * r * f + 1
            ),
            "You count one bias for every channel that goes in. There is one "
            "for every channel that comes out.": (
                lambda c, r, f, k: c * r + c + k**2 * r * f + r
            ),
            "You count a bias for every place of the kernel. A filter has one "
            "bias, however large its kernel is.": (
                lambda c, r, f, k: (c + 1) * r + k**2 * (r + 1) * f
            ),
            "The kernel counts once here. It is square: kernel · kernel "
            "places, and a weight in each.": (
                lambda c, r, f, k: (c + 1) * r + (k * r + 1) * f
            ),
            "Your second convolution still sees all the channels. It gets only "
            "the reduced ones: that is what the 1 × 1 is for.": (
                lambda c, r, f, k: (c + 1) * r + (k**2 * c + 1) * f
            ),
            "You count a filter of the second convolution as if it saw one "
            "channel. It sees all the reduced ones, with weights for each.": (
                lambda c, r, f, k: (c + 1) * r + (k**2 + 1) * f
            ),
            "The large kernel counts twice here. The first convolution is "
            "1 × 1.": (
                lambda c, r, f, k: (k**2 * c + 1) * r + (k**2 * r + 1) * f
            ),
            "This is the convolution without a bottleneck, straight from all "
            "the channels to the filters.": lambda c, r, f, k: (
                (k**2 * c + 1) * f
            ),
            "This is the 1 × 1 convolution alone. Add the second one.": (
                lambda c, r, f, k: (c + 1) * r
            ),
            "This is the second convolution alone. Add the 1 × 1 before it.": (
                lambda c, r, f, k: (k**2 * r + 1) * f
            ),
            "You multiplied the two numbers. Each convolution has its own "
            "parameters: add them.": (
                lambda c, r, f, k: (c + 1) * r * (k**2 * r + 1) * f
            ),
        },
        insight="bottleneck(192, 16, 32, 5) is 15,920, about a tenth of the "
        "153,632 that go straight from 192 to 32. The 1 × 1 pays because the "
        "large kernel then sees 16 channels instead of 192.",
    ),
    hints=[
        "Count the two convolutions one after the other, and add.",
        "A filter has a weight for every place of its kernel in every channel "
        "that it sees, and one bias. How many channels does each see?",
        "(channels + 1) * reduced for the 1 × 1 convolution. The second sees "
        "reduced channels: (kernel**2 * reduced + 1) * filters.",
    ],
)


def _given(answer: Any, what: str, *arguments: Any) -> Any:
    """Call an answer as `call` does, but with the arguments themselves.

    A copy of a Keras tensor would be part of another graph.
    """
    if not callable(answer):
        call(answer)  # says so
    result = attempt(what, answer, *arguments)
    if result is ...:
        raise NotAttempted
    if result is None:
        raise Wrong(f"{what} gave back None. Is a return missing?")
    return result


def _read(tensor: Any, what: str) -> np.ndarray:
    """Return the numbers of a tensor."""
    try:
        return np.asarray(tensor, "float32")
    except Exception as error:
        raise Wrong(
            f"{what} gave back something of type {type(tensor).__name__}. One "
            "tensor is expected."
        ) from error


def _size(shape: tuple) -> str:
    return " × ".join(map(str, shape))


def _inner(model: Any, kind: type) -> list:
    """Return the layers of a kind, also of models inside of the model."""
    found = model._flatten_layers(include_self=False)
    return [layer for layer in found if isinstance(layer, kind)]


def _relu(x: Any) -> np.ndarray:
    return np.maximum(np.asarray(x), 0)


# What the branch computes, with its two convolutions and normalisations.
_BRANCHES: dict[str, Callable] = {
    "": lambda x, c1, n1, c2, n2: n2(c2(_relu(n1(c1(x))))),
    "The ReLU in the branch is missing. It comes after the first batch "
    "normalisation.": lambda x, c1, n1, c2, n2: n2(c2(n1(c1(x)))),
    "In the branch, the ReLU comes before the first batch normalisation. It "
    "comes after it.": lambda x, c1, n1, c2, n2: n2(c2(n1(_relu(c1(x))))),
    "In the branch, a ReLU comes before each batch normalisation. There is "
    "one only, after the first normalisation.": (
        lambda x, c1, n1, c2, n2: n2(_relu(c2(n1(_relu(c1(x))))))
    ),
    "The branch ends with a ReLU. Then it can only add, never take away: the "
    "ReLU comes after the sum.": (
        lambda x, c1, n1, c2, n2: _relu(n2(c2(_relu(n1(c1(x))))))
    ),
    "Batch normalisation and ReLU come before each convolution. That is the "
    "later form of 2016. Here normalisation comes after convolution.": (
        lambda x, c1, n1, c2, n2: c2(_relu(n2(c1(_relu(n1(x))))))
    ),
}
# What is joined to the branch, b: from the shortcut, s, and the first half.
_SHORTCUTS: dict[str, Callable] = {
    "": lambda s, b, first: s,
    "The shortcut is missing: nothing is added to the branch.": (
        lambda s, b, first: 0 * b
    ),
    "The branch is added to itself. Is x overwritten on the way? The shortcut "
    "needs the x from the beginning.": lambda s, b, first: b,
    "The shortcut begins after the first half of the branch. It begins at x, "
    "before both convolutions.": lambda s, b, first: first,
    "There is a ReLU in the shortcut. It passes x on as it is.": (
        lambda s, b, first: _relu(s)
    ),
}
_JOINS: dict[str, Callable] = {
    "": lambda b, s: b + s,
    "Branch and shortcut are multiplied. Add them.": lambda b, s: b * s,
    "You took the mean of branch and shortcut. Add them.": (
        lambda b, s: (b + s) / 2
    ),
    "The shortcut is taken away from the branch. Add it.": lambda b, s: b - s,
    "You took the larger one of branch and shortcut. Add them.": np.maximum,
}
_ENDS: dict[str, Callable] = {
    "": _relu,
    "The ReLU after the sum is missing.": np.asarray,
}


def _block(answer: Any, channels: int, filters: int) -> Any:
    """Let an answer build a block; return the model from x to its end."""
    import keras

    what = (
        f"residual_block_of(x, {filters}) with an x of shape (None, 6, 8, "
        f"{channels})"
    )
    x = keras.Input((6, 8, channels))
    try:
        y = _given(answer, what, x, filters)
    except Raised as raised:
        if re.search("incompatible shapes|broadcast", str(raised)):
            raise Wrong(
                f'{raised}\nA sum needs two equal shapes. padding="same" '
                "keeps height and width, and where x has another number of "
                "channels than filters, it needs a 1 × 1 convolution."
            ) from raised
        raise
    if not isinstance(y, keras.KerasTensor):
        raise Wrong(
            f"{what} gave back something of type {type(y).__name__}. Return "
            "the tensor that comes out of the last layer."
        )
    try:
        model = keras.Model(x, y)
    except Exception as error:
        raise Wrong(
            f"{what} gave back a tensor that does not come from x. Is every "
            "layer called with what came before it?"
        ) from error
    if tuple(y.shape) != (None, 6, 8, filters):
        said = ""
        if any("oncat" in type(op).__name__ for op in model.operations):
            said = " You put tensors one behind the other. Add them instead."
        elif tuple(y.shape)[1:3] != (6, 8):
            said = ' padding="same" and strides of 1 keep the size.'
        raise Wrong(
            f"{what} gave back shape {tuple(y.shape)}, expected (None, 6, 8, "
            f"{filters}).{said}"
        )
    return model


def _check_layers(model: Any, channels: int, filters: int) -> tuple:
    """Look for the layers of a block; return 3 × 3, 1 × 1 and norms."""
    from keras import activations, layers

    case = f"Where x has {channels} channels and filters is {filters}, "
    convolutions = _inner(model, layers.Conv2D)
    wide = [one for one in convolutions if one.kernel_size == (3, 3)]
    narrow = [one for one in convolutions if one.kernel_size == (1, 1)]
    for one in convolutions:
        if one not in wide and one not in narrow:
            raise Wrong(
                f"There is a convolution with a {_size(one.kernel_size)} "
                "kernel. The branch has two with 3 × 3."
            )
        if one.activation is not activations.linear:
            raise Wrong(
                f"A {_size(one.kernel_size)} convolution has the activation "
                f"{one.activation.__name__} in it. The ReLUs are steps of "
                "their own: one after a batch normalisation, one after the sum."
            )
    if len(wide) != 2:
        raise Wrong(
            f"{len(wide)} different 3 × 3 convolutions were found, but the "
            "branch has two, each with weights of its own."
        )
    for one in wide:
        if one.filters != filters:
            raise Wrong(
                f"{case}one of the 3 × 3 convolutions makes {one.filters} "
                "channels. Both make as many as filters says."
            )
    if channels == filters and narrow:
        raise Wrong(
            f"{case}there is a 1 × 1 convolution. The shortcut is x itself "
            "then: it costs no parameters and passes x on unchanged."
        )
    if channels != filters and len(narrow) != 1:
        raise Wrong(
            f"{case}{len(narrow)} different 1 × 1 convolutions were found. The "
            "shortcut needs one, or the channels do not fit."
        )
    if narrow and narrow[0].kernel.shape[2] != channels:
        raise Wrong(
            f"{case}the 1 × 1 convolution gets {narrow[0].kernel.shape[2]} "
            "channels, so it is not x that goes in. Is x overwritten on the "
            "way?"
        )
    norms = _inner(model, layers.BatchNormalization)
    if not 2 <= len(norms) <= 2 + len(narrow):
        raise Wrong(
            f"{case}{len(norms)} different batch normalisations were found. "
            "The branch has two, one after each 3 × 3 convolution."
        )
    return wide, narrow, norms


def _explain(
    x: np.ndarray,
    given: np.ndarray,
    convolutions: list,
    narrow: list,
    norms: tuple,
) -> str | None:
    """Say what a block does wrong; "" if nothing, None if it is not known."""
    (c1, c2), (n1, n2) = convolutions, norms[:2]
    start = x
    for layer in (*narrow, *norms[2:]):
        start = layer(start)
    start = np.asarray(start)
    for branch_said, branch in _BRANCHES.items():
        try:
            b, first = np.asarray(branch(x, c1, n1, c2, n2)), _relu(n1(c1(x)))
        except Exception:
            continue  # these layers do not fit in this order
        for (
            (shortcut_said, shortcut),
            (join_said, join),
            (end_said, end),
        ) in itertools.product(
            _SHORTCUTS.items(), _JOINS.items(), _ENDS.items()
        ):
            result = end(join(b, shortcut(start, b, first)))
            if np.allclose(given, result, rtol=1e-3, atol=1e-4):
                said = (branch_said, shortcut_said, join_said, end_said)
                return "\n".join(filter(None, said))
    return None


def _check_values(model: Any, channels: int, found: tuple) -> None:
    """Compare a block with what its own layers give in the right order."""
    wide, narrow, norms = found
    rng = np.random.default_rng(channels)
    for weight in model.weights:
        weight.assign(rng.normal(0.1, 0.6, weight.shape))
    for norm in norms:  # as after a training, and no variance is negative
        spread = norm.moving_variance
        spread.assign(rng.uniform(0.5, 1.5, spread.shape))
    x = rng.normal(size=(2, 6, 8, channels)).astype("float32")
    given = _read(model(x), "The block")
    for convolutions in (wide, wide[::-1]):
        for order in itertools.permutations(norms):
            said = _explain(x, given, convolutions, narrow, order)
            if said is None:
                continue
            if said:
                raise Wrong(said)
            return
    raise Wrong(
        "The layers are there, but their order or what joins them is not as "
        "described: the result is not ReLU(branch + shortcut), computed with "
        "the weights of your own layers."
    )


@_quietly()
def _residual_block_of(answer: Any) -> str:
    """Grade a block by its layers, and by what it computes with them."""
    for channels, filters in ((3, 3), (2, 5), (5, 2)):
        model = _block(answer, channels, filters)
        found = _check_layers(model, channels, filters)
        _check_values(model, channels, found)
    return (
        "Where the branch gives 0, the block gives relu(x): more layers need "
        "not make a network worse. And the sum passes the gradient on to x as "
        "it is, past both convolutions."
    )


residual_block_of = Exercise(
    _residual_block_of,
    hints=[
        "Two ways lead from x to the sum. Give the branch another name, y, so "
        "that x is still there at the end.",
        'y: Conv2D(filters, 3, padding="same"), BatchNormalization, ReLU, '
        "and the first two once more. Each is called with what came before.",
        "if x.shape[-1] != filters: x = layers.Conv2D(filters, 1)(x). Then "
        "return layers.ReLU()(layers.Add()([y, x])).",
    ],
    needs="keras",
)


def _set(model: Any, draw: Callable[[tuple], np.ndarray]) -> None:
    """Give new values to all trainable weights."""
    for weight in model.trainable_weights:
        fan = np.prod(weight.shape[:-1]) if len(weight.shape) > 1 else 10
        weight.assign(draw(tuple(weight.shape)) / fan)


def _check_field(apply: Callable, model: Any, channels: int) -> None:
    """Change one pixel, and see how far the change reaches."""
    rng = np.random.default_rng(1)
    # No ReLU is closed if nothing is negative.
    _set(model, lambda shape: rng.uniform(0.5, 1.5, shape))
    x = rng.uniform(size=(2, 32, 32, channels)).astype("float32")
    x[1] = x[0]
    x[1, 16, 16] += 5
    before, after = apply(x)
    moved = np.abs(after - before).max(axis=-1) > 1e-5
    rows, columns = np.nonzero(moved)
    if not len(rows):
        raise Wrong("One pixel of x was changed, and the output stayed.")
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    if (height, width) != (5, 5):
        raise Wrong(
            f"An output sees {height} × {width} pixels here: a change of one "
            "pixel reaches that many outputs. A 5 × 5 convolution sees 5 × 5."
        )
    if len(rows) != 25:
        raise Wrong(
            f"An output looks at {len(rows)} of its 5 × 5 pixels only. It "
            "should see all 25."
        )
    if (rows.min(), columns.min()) != (14, 14):
        raise Wrong(
            "An output sees 5 × 5 pixels, but it does not stand in their "
            "middle, as it does with a 5 × 5 convolution."
        )


def _check_bends(apply: Callable, model: Any, channels: int) -> None:
    """Compare the effects of two changes with the effect of both at once."""
    rng = np.random.default_rng(2)
    _set(model, lambda shape: 5 * rng.normal(size=shape))
    z, a, b = rng.uniform(size=(3, 32, 32, channels))
    x = np.stack([z, z + a, z + b, z + a + b]).astype("float32")
    y = apply(x)
    bend = np.abs(y[1] + y[2] - y[0] - y[3])
    limit = 1e-4 * np.abs(y).max()
    if bend.max() < limit:
        raise Wrong(
            "For inputs that are not negative, as behind a ReLU, this "
            "computes nothing that one convolution alone could not: there is "
            "no activation between the convolutions."
        )
    positive = (y > limit).all(axis=0)
    if positive.sum() > 100 and bend[positive].max() < limit:
        raise Wrong(
            "Wherever the output is positive, it is linear in x. So an "
            "activation stands at the end only, and before it is nothing that "
            "one convolution could not do. Put it between the convolutions."
        )


@_quietly()
def _lighter(answer: Any) -> str:
    """Grade a replacement by its size, its field and its bends."""
    import keras

    for channels in (3, 6):
        model = call(answer, channels)
        what = f"lighter({channels})"
        if not isinstance(model, keras.Model):
            raise Wrong(
                f"{what} gave back something of type {type(model).__name__}. "
                "Return a model: keras.Sequential([…])."
            )
        shape = (32, 32, channels)

        def apply(
            x: np.ndarray, model: Any = model, what: str = what
        ) -> np.ndarray:
            said = f"{what}, called with an x of shape {x.shape},"
            return _read(attempt(said, model, x), said)

        y = apply(np.zeros((1, *shape), "float32"))
        if y.shape != (1, *shape):
            raise Wrong(
                f"{what} makes shape {y.shape} of (1, 32, 32, {channels}). "
                "Both should be equal, as with a 5 × 5 convolution and "
                'padding="same".'
            )
        count, limit = model.count_params(), 25 * channels**2 + channels
        if count >= limit:
            raise Wrong(
                f"{what} has {count:,} parameters, and a 5 × 5 convolution "
                f"{limit:,}. Fewer are asked for."
            )
        _check_field(apply, model, channels)
        _check_bends(apply, model, channels)
    return (
        "Two 3 × 3 convolutions see 5 × 5 pixels with 18 weights for every 25, "
        "and the ReLU between them makes more of them than one convolution "
        "can be. VGG is built of this."
    )


lighter = Exercise(
    _lighter,
    hints=[
        "What does an output see if one small convolution follows another?",
        "Behind a 3 × 3 convolution, a second one sees two pixels more in each "
        "direction. 2 · 9 weights are fewer than 25.",
        "keras.Sequential([keras.Input((None, None, channels)), ...]) with "
        'two layers.Conv2D(channels, 3, padding="same"), the first of them '
        'with activation="relu".',
    ],
    needs="keras",
)


def _sleepy(name: str, **settings: Any) -> Any:
    """Return a normalisation that works as in use, also in training."""
    from keras import layers

    class BatchNormalization(layers.BatchNormalization):
        def call(self, x: Any, training: Any = None, mask: Any = None) -> Any:
            return super().call(x, training=False, mask=mask)

    return BatchNormalization(name=name, **settings)


def _networks() -> dict[str, Any]:
    """Build small networks, healthy ones and others, by their names.

    Half of the steps is forgotten, so that nothing is rounded.
    """
    import keras
    from keras import layers

    awake = layers.BatchNormalization
    half = {"momentum": 0.5}
    image = keras.Input((4, 4, 2))

    def network(*norms: Any) -> Any:
        x = image
        for place, norm in enumerate(norms, 1):
            x = layers.Conv2D(2, 1, name=f"conv_{place}")(x)
            x = layers.ReLU(name=f"relu_{place}")(norm(x))
        return keras.Model(image, x)

    fixed = awake(name="norm_3", trainable=False, **half)
    networks = {
        "a healthy network": network(
            awake(name="norm_1", **half), awake(name="norm_2", **half)
        ),
        "a new network": network(
            awake(name="norm_1", **half), _sleepy("norm_2"), fixed
        ),
        "a network that was trained before": network(
            awake(name="norm_1", **half),
            _sleepy("norm_2"),
            awake(name="norm_3", momentum=1.0),
            awake(name="norm_4", momentum=0.999),
        ),
    }
    for layer in networks["a network that was trained before"].layers:
        if "norm" in layer.name:
            layer.moving_mean.assign([0.25, -0.5])
            layer.moving_variance.assign([1.5, 0.75])
    # x has mean 0 and variance 4; behind the second layer 3 and 1.
    networks["a network whose x has the mean 0"] = keras.Model(
        image,
        layers.Add(name="add")(
            [
                awake(name="norm_1", **half)(image),
                awake(name="norm_2", **half)(
                    layers.Rescaling(0.5, 3, name="scale")(image)
                ),
                _sleepy("norm_3")(image),
            ]
        ),
    )
    networks["a network with trainable = False"] = network(
        awake(name="norm_1", **half), awake(name="norm_2", **half)
    )
    networks["a network with trainable = False"].trainable = False
    return networks


def _facts(model: Any, x: np.ndarray) -> dict[str, dict[str, bool]]:
    """Measure what each normalisation does, and put the weights back."""
    from keras import layers

    norms = _inner(model, layers.BatchNormalization)

    def look() -> list[list[np.ndarray]]:
        return [norm.get_weights()[-2:] for norm in norms]

    weights, before = model.get_weights(), look()
    model(x, training=True)
    after = look()
    model.set_weights(weights)
    return {
        norm.name: {
            "mean stays": np.array_equal(old[0], new[0]),
            "variance stays": np.array_equal(old[1], new[1]),
            "trainable": norm.trainable,
            "new before": not old[0].any() and (old[1] == 1).all(),
            "new after": not new[0].any() and (new[1] == 1).all(),
            "far": not np.allclose(old, new, atol=0.02, rtol=0.02),
        }
        for norm, old, new in zip(norms, before, after, strict=True)
    }


# Which layers a wrong instrument calls asleep, by what is true of them.
_INSTRUMENTS: dict[str, Callable[[dict], bool]] = {
    "These are the layers that are awake. Return the others.": lambda fact: (
        not (fact["mean stays"] and fact["variance stays"])
    ),
    "You call every layer asleep, in each network. Was the model called with "
    "training=True? And is the look before a copy, or does it change along "
    "with the layer?": lambda fact: True,
    "You found nobody asleep, in no network, but some layers stay exactly as "
    "they are.": lambda fact: False,
    "You name the layers with trainable = False. Others do not move either: "
    "measure it, before and after.": lambda fact: not fact["trainable"],
    "You name the layers whose statistics are 0 and 1 before training. Those "
    "of every new layer are. Do they move?": lambda fact: fact["new before"],
    "You name the layers whose statistics are 0 and 1 after training. Those of "
    "a network that was trained before may stay at other values: compare with "
    "what they were.": lambda fact: fact["new after"],
    "You look at moving_mean alone. It can stay because the batch has the "
    "same mean: look at moving_variance as well.": (
        lambda fact: fact["mean stays"]
    ),
    "You look at moving_variance alone. It can stay because the batch has the "
    "same variance: look at moving_mean as well.": (
        lambda fact: fact["variance stays"]
    ),
    "You call a layer asleep if one of its two statistics stays. It sleeps if "
    "both stay.": lambda fact: fact["mean stays"] or fact["variance stays"],
    "A layer that moves by very little is awake, too. Compare exactly: "
    "np.array_equal.": lambda fact: not fact["far"],
}


def _names(given: Any, model: Any, title: str) -> list[str]:
    """Read the names that an answer gave back."""
    wanted = "A list of names is expected, such as ['norm_2'] or []"
    if not isinstance(given, list | tuple | set):
        raise Wrong(
            f"{wanted}, but you gave back something of type "
            f"{type(given).__name__}."
        )
    known = [layer.name for layer in model.layers]
    for name in given:
        if name is ...:
            raise NotAttempted
        if not isinstance(name, str):
            raise Wrong(
                f"{wanted}, but in yours is something of type "
                f"{type(name).__name__}. The name of a layer is layer.name."
            )
        if name not in known:
            raise Wrong(f"{name[:30]!r} is no layer of {title}.")
        if "norm" not in name:
            raise Wrong(
                f"{name!r} is no batch normalisation. Take only layers with "
                "isinstance(layer, layers.BatchNormalization)."
            )
    if len(set(given)) < len(given):
        raise Wrong(
            f"{sorted(given)}: a name is there more than once. Name a layer "
            "once if both of its statistics stay."
        )
    return sorted(given)


# What helps, by a pattern of what was raised.
_HELP = {
    "compile": "A call is enough, model(x, training=True). It needs no "
    "compile, and no labels.",
    "no attribute 'moving_": "Only batch normalisation has it. Ask first: "
    "isinstance(layer, layers.BatchNormalization).",
}


def _run(answer: Any, title: str, model: Any, x: np.ndarray) -> list[str]:
    """Let an answer measure a network; return the names."""
    handed_over = x.copy()
    try:
        given = _given(answer, f"For {title}, asleep", model, handed_over)
    except Raised as raised:
        for pattern, said in _HELP.items():
            if re.search(pattern, str(raised)):
                raise Wrong(f"{raised}\n{said}") from raised
        raise
    if not np.array_equal(x, handed_over):
        raise Wrong("The function changed x. Whoever calls it still needs it.")
    return _names(given, model, title)


@_quietly()
def _asleep(answer: Any) -> str:
    """Grade an instrument that finds layers whose statistics stay."""
    rng = np.random.default_rng(3)
    x = np.tile([2.0, -2.0], 64).reshape(16, 4, 2).astype("float32")
    x = rng.permuted(x, axis=0).reshape(4, 4, 4, 2)
    facts, named, changed = {}, {}, ""
    for title, model in _networks().items():
        for place, weight in enumerate(model.weights):
            if weight.path.endswith("kernel"):
                weight.assign([[[[1.0, -0.5], [0.75, 1.25 + place]]]])
        facts[title] = _facts(model, x)
        before = [np.array(value) for value in model.get_weights()]
        named[title] = _run(answer, title, model, x)
        for weight, old in zip(model.weights, before, strict=True):
            if not (changed or np.array_equal(weight, old)):
                changed = f"{weight.path} of {title}"

    def all_named(rule: Callable[[dict], bool]) -> bool:
        return all(
            named[title]
            == sorted(n for n, fact in layers.items() if rule(fact))
            for title, layers in facts.items()
        )

    def stays(fact: dict) -> bool:
        return fact["mean stays"] and fact["variance stays"]

    if all_named(stays):
        if changed:
            raise Wrong(
                "The names are right, but the model is not as before: "
                f"{changed} has changed. weights = model.get_weights() before, "
                "and model.set_weights(weights) at the end."
            )
        return (
            "In inception10(frozen=True) all 25 sleep, in inception10() none. "
            "A layer that sleeps scales and shifts, but never normalises, and "
            "neither an error nor the accuracy has to show it."
        )
    for said, rule in _INSTRUMENTS.items():
        if all_named(rule):
            raise Wrong(said)
    for title, layers in facts.items():
        expected = sorted(n for n, fact in layers.items() if stays(fact))
        if named[title] != expected:
            raise Wrong(
                f"In {title} you name {named[title]}, but the layers whose "
                f"statistics stay are {expected}."
            )
    raise AssertionError  # one of the networks differs


asleep = Exercise(
    _asleep,
    hints=[
        "Look at moving_mean and moving_variance of each layer, let the model "
        "train on x, and look again.",
        "model(x, training=True) moves the statistics, and nothing else. Copy "
        "what you saw before: np.array(layer.moving_mean).",
        "names = [layer.name for layer in model.layers if isinstance(layer, "
        "layers.BatchNormalization)], of those where both are np.array_equal "
        "before and after. At the end model.set_weights(weights).",
    ],
    needs="keras",
)

"""The exercises of lecture 09."""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

from course_utils import scratch
from course_utils.check.exercise import (
    Exercise,
    NotAttempted,
    Raised,
    Wrong,
    against,
    attempt,
    call,
    explained,
    quietly,
)

import numpy as np

bottleneck = Exercise(
    against(
        reference=lambda c, r, f, k: (c + 1) * r + (k**2 * r + 1) * f,
        cases=[(4, 2, 3, 3), (3, 5, 2, 5), (8, 2, 6, 1), (192, 16, 32, 5)],
        mistakes={
            "No biases are counted. There is one for each channel that a "
            "convolution makes.": lambda c, r, f, k: c * r + k**2 * r * f,
            "The 1 × 1 convolution has no biases here.": (
                lambda c, r, f, k: c * r + (k**2 * r + 1) * f
            ),
            "The second convolution has no biases here.": (
                lambda c, r, f, k: (c + 1) * r + k**2 * r * f
            ),
            "Each convolution has one bias here. It has one for each channel "
            "that it makes.": lambda c, r, f, k: c * r + k**2 * r * f + 2,
            "The biases count the channels that go in, not those that come "
            "out.": lambda c, r, f, k: c * (r + 1) + r * (k**2 * f + 1),
            "The kernel is a square: it has kernel · kernel places.": (
                lambda c, r, f, k: (c + 1) * r + (k * r + 1) * f
            ),
            "The second convolution sees all channels, not the reduced ones.": (
                lambda c, r, f, k: (c + 1) * r + (k**2 * c + 1) * f
            ),
            "In the second convolution, a filter sees all reduced channels.": (
                lambda c, r, f, k: (c + 1) * r + (k**2 + 1) * f
            ),
            "Both kernels are large here. The first convolution is 1 × 1.": (
                lambda c, r, f, k: (k**2 * c + 1) * r + (k**2 * r + 1) * f
            ),
            "This is one convolution, straight from channels to filters.": (
                lambda c, r, f, k: (k**2 * c + 1) * f
            ),
            "This is the 1 × 1 convolution alone. Add the second one.": (
                lambda c, r, f, k: (c + 1) * r
            ),
            "This is the second convolution alone. Add the 1 × 1 "
            "convolution.": lambda c, r, f, k: (k**2 * r + 1) * f,
        },
        insight="bottleneck(192, 16, 32, 5) is 15,920, about a tenth of "
        "153,632: the large kernel sees 16 channels instead of 192.",
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

    A copy of a Keras tensor would belong to another graph.
    """
    if not callable(answer):
        call(answer)  # says so
    with explained(_ADVICE):
        result = attempt(what, answer, *arguments)
    if result is ...:
        raise NotAttempted
    if result is None:
        raise Wrong(f"{what} gave back None. Is a return missing?")
    return result


# What helps, by a pattern of what was raised.
_ADVICE = {
    "incompatible shapes|broadcast shape": "A sum needs equal shapes: "
    'padding="same" keeps height and width, and a 1 × 1 convolution in the '
    "shortcut makes the channels fit.",
    "no attribute 'moving_": "Only batch normalisation has it. Ask first: "
    "isinstance(layer, layers.BatchNormalization).",
    "unique": "Two layers have the same name. Give each its own, or none.",
    "too many positional|on a list of inputs|Merge.__init__": "Add takes one "
    "list, in its second brackets: layers.Add()([y, x]). Other layers take one "
    "tensor.",
    "Only input tensors": "A layer stands where a tensor is meant. Call it on "
    "a tensor, as in y = layers.ReLU()(y).",
}


@contextlib.contextmanager
def _without_drawing() -> Iterator[None]:
    """Start kernels at 0, in this thread: a check overwrites them anyway.

    JAX compiles the drawing anew for every shape, for seconds.
    """
    import keras

    kind = keras.initializers.GlorotUniform  # the initializer of layers
    draw, here = kind.__call__, threading.get_ident()

    def start(self: Any, shape: tuple, dtype: Any = None) -> Any:
        if threading.get_ident() == here:
            return np.zeros(shape, "float32")
        return draw(self, shape, dtype)

    with mock.patch.object(kind, "__call__", start):
        yield


def _inner(model: Any, kind: type) -> list:
    """Return the layers of a kind, also of models inside of the model."""
    found = model._flatten_layers(include_self=False)
    return [layer for layer in found if isinstance(layer, kind)]


# The way through the branch: c is the next convolution, n norm, and r is ReLU.
_BRANCHES = {
    "": "cnrcn",
    "In the branch there is no ReLU. It comes after the first "
    "normalisation.": "cncn",
    "In the branch the ReLU comes before the normalisation. Exchange them.": (
        "crncn"
    ),
    "The branch ends with a ReLU, and so can never take anything away. That "
    "ReLU comes after the sum.": "cnrcnr",
    "Normalisation and ReLU come before each convolution, as in the later "
    "form of 2016. Here the convolution comes first.": "nrcnrc",
}
# What is made of branch b and shortcut s; h is the first half of the branch.
_SUMS: dict[str, Callable] = {
    "": lambda b, s, h: scratch.relu(b + s),
    "The ReLU after the sum is missing.": lambda b, s, h: b + s,
    "The shortcut is missing: nothing is added to the branch.": (
        lambda b, s, h: scratch.relu(b)
    ),
    "The branch is added to itself. Is x overwritten on the way? The shortcut "
    "needs the x from the beginning.": lambda b, s, h: scratch.relu(b + b),
    "The shortcut begins after the first ReLU. It begins at x.": (
        lambda b, s, h: scratch.relu(b + h)
    ),
    "The shortcut is taken away from the branch. Add it.": (
        lambda b, s, h: scratch.relu(b - s)
    ),
}


def _block(answer: Any, channels: int, filters: int) -> Any:
    """Let an answer build a block; return the model from x to its end."""
    import keras

    x = keras.Input((6, 8, channels))
    what = f"residual_block_of(x, {filters}) for x of shape {x.shape}"
    y = _given(answer, what, x, filters)
    try:
        with explained(_ADVICE):
            model = attempt(f"A model of {what}", keras.Model, x, y)
    except Raised as raised:
        raise Wrong(
            f"{what} gave back something of type {type(y).__name__} that is no "
            "tensor made of x. Return what comes out of the last layer."
        ) from raised
    if tuple(y.shape) != (None, 6, 8, filters):
        said = ""
        if any("oncat" in type(one).__name__ for one in model.operations):
            said = " Something is put one behind the other. Add instead."
        elif tuple(y.shape[1:3]) != (6, 8):
            said = ' padding="same" and strides of 1 keep height and width.'
        raise Wrong(
            f"{what} gave back shape {tuple(y.shape)}, expected (None, 6, 8, "
            f"{filters}).{said}"
        )
    return model


def _layers(model: Any, channels: int, filters: int) -> tuple:
    """Return the 3 × 3 and 1 × 1 convolutions and the normalisations."""
    from keras import activations, layers

    case = f"For x with {channels} channels and filters = {filters}, "
    convolutions = _inner(model, layers.Conv2D)
    norms = _inner(model, layers.BatchNormalization)
    kernels = sorted(tuple(one.kernel.shape) for one in convolutions)
    wanted = [(3, 3, channels, filters), (3, 3, filters, filters)]
    if channels != filters:
        wanted.insert(0, (1, 1, channels, filters))
    if kernels != sorted(wanted):
        found = " and ".join(map(str, kernels)) or "none"
        said = ""
        if channels == filters and any(k[:2] == (1, 1) for k in kernels):
            said = (
                " Here the shortcut is x itself: the 1 × 1 convolution is "
                "only for other numbers of channels."
            )
        raise Wrong(
            f"{case}the convolutions should have kernels of shape "
            f"{' and '.join(map(str, wanted))}. Found: {found}.{said}"
        )
    # Many networks normalise this shortcut, too.
    if not 2 <= len(norms) <= len(convolutions):
        raise Wrong(
            f"{case}the branch has two batch normalisations, one after each "
            f"3 × 3 convolution, but {len(norms)} can be found."
        )
    for one in convolutions:
        if one.activation is not activations.linear:
            raise Wrong(
                "A convolution has activation="
                f'"{one.activation.__name__}". The ReLUs are steps of their '
                "own: after the first normalisation, and after the sum."
            )
    wide = [one for one in convolutions if one.kernel_size == (3, 3)]
    return wide, [one for one in convolutions if one not in wide], norms


def _explain(model: Any, x: np.ndarray, found: tuple) -> str:
    """Compare a block with what its own layers can give; say what it does."""
    given = np.asarray(model(x))
    wide, narrow, norms = found

    @functools.cache  # the ways begin alike
    def pass_through(*path: Any) -> np.ndarray:
        if not path:
            return x
        y, step = pass_through(*path[:-1]), path[-1]
        if step == "r":
            return scratch.relu(y)
        if step in norms:
            return np.asarray(step(y))
        # Without strides, whatever the layer has.
        return scratch.conv2d(y, *step.get_weights(), padding="same")

    def follow(way: str, convolutions: Sequence, norms: Sequence) -> np.ndarray:
        ahead = {"c": iter(convolutions), "n": iter(norms)}
        return pass_through(*(next(ahead.get(s, iter(s))) for s in way))

    orders = itertools.product(
        itertools.permutations(wide), itertools.permutations(norms)
    )
    for (c, n), (said, way) in itertools.product(orders, _BRANCHES.items()):
        try:
            branch = follow(way, c, n)
            half = follow("cnr", c, n)
            ending = "c" * len(narrow) + "n" * len(n[2:])
            shortcut = follow(ending, narrow, n[2:])
        except Exception:
            continue  # in this order the layers do not fit
        for other, joined in _SUMS.items():
            if np.allclose(given, joined(branch, shortcut, half), 1e-3, 1e-3):
                return "\n".join(filter(None, (said, other)))
    return (
        "The layers are the right ones, but what comes out is not ReLU(branch "
        "+ shortcut) with their weights. Follow x through your function."
    )


@quietly()
@_without_drawing()
def _residual_block_of(answer: Any) -> str:
    """Grade a block by its layers, and by what it computes with them."""
    for channels, filters in ((3, 3), (2, 3), (5, 3)):
        model = _block(answer, channels, filters)
        found = _layers(model, channels, filters)
        rng = np.random.default_rng(channels)
        for weight in model.weights:
            weight.assign(rng.normal(0.1, 0.6, weight.shape))
        for norm in found[2]:
            variance = norm.moving_variance
            variance.assign(rng.uniform(0.5, 1.5, variance.shape))
        x = rng.normal(size=(2, 6, 8, channels)).astype("float32")
        said = _explain(model, x, found)
        if said:
            raise Wrong(said)
    return (
        "Where the branch gives 0, the block gives relu(x): more layers need "
        "not make a network worse. And wherever the sum is positive, its "
        "gradient goes on to the shortcut undiminished, past both convolutions."
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


def _apply(model: Any, x: np.ndarray) -> np.ndarray:
    """Call a model whose output should have the shape of its input."""
    advice = {
        "expected axis -1": "lighter is called with several numbers of "
        "channels: use its argument, not a fixed number."
    }
    with explained(advice):
        y = attempt(
            f"The model, called with an x of shape {x.shape},",
            lambda: np.asarray(model(x.astype("float32"))),
        )
    if y.shape != x.shape:
        raise Wrong(
            f"The model makes shape {y.shape} of {x.shape}. Both should be "
            'equal: padding="same", and as many filters as the argument says.'
        )
    return y


def _set(model: Any, draw: Callable[[tuple], np.ndarray]) -> None:
    """Give new values to all trainable weights."""
    for weight in model.trainable_weights:
        shape = tuple(weight.shape)
        weight.assign(draw(shape) / (np.prod(shape[:-1]) if shape[1:] else 10))


def _check_field(model: Any, channels: int) -> None:
    """Change one pixel, and see how far the change reaches."""
    rng = np.random.default_rng(1)
    # No ReLU is closed if nothing is negative.
    _set(model, lambda shape: rng.uniform(0.5, 1.5, shape))
    x = np.tile(rng.uniform(size=(32, 32, channels)), (4, 1, 1, 1))
    x[1, 16, 16] += 5
    y = _apply(model, x)
    places = np.argwhere(np.abs(y[1] - y[0]).max(axis=-1) > 1e-5) - 16
    seen = set(map(tuple, places.tolist()))
    if seen != set(itertools.product(range(-2, 3), repeat=2)):
        raise Wrong(
            f"A changed pixel reaches {len(seen)} outputs, in "
            f"{len({row for row, _ in seen})} rows and "
            f"{len({column for _, column in seen})} columns. So that "
            "is what an output sees, where a 5 × 5 convolution sees the 25 "
            "pixels around it."
        )


def _check_bends(model: Any, channels: int) -> None:
    """Compare the effects of two changes with the effect of both at once."""
    rng = np.random.default_rng(2)
    bent, above = False, 0
    for _ in range(6):  # with few channels, one draw may bend nothing
        _set(model, lambda shape: 5 * rng.normal(size=shape))
        x, a, b = rng.uniform(size=(3, 32, 32, channels))
        y = _apply(model, np.stack([x, x + a, x + b, x + a + b]))
        limit = 1e-4 * np.abs(y).max()
        bends = np.abs(y[1] + y[2] - y[0] - y[3]) > limit
        positive = (y > limit).all(axis=0)
        if bends[positive].any():
            return
        bent |= bends.any()
        above += positive.sum()
    if not bent:
        raise Wrong(
            "For inputs that are not negative, as behind a ReLU, this is one "
            "linear function. It needs an activation between its convolutions."
        )
    if above > 100:
        raise Wrong(
            "Wherever the output is positive it is linear in x, so only the "
            "end bends anything. Put an activation between the convolutions."
        )


@quietly()
@_without_drawing()
def _lighter(answer: Any) -> str:
    """Grade a replacement by its size, its field and its bends."""
    import keras

    for channels in (3, 6):
        with explained(_ADVICE):
            model = call(answer, channels)
        what = f"lighter({channels})"
        if not isinstance(model, keras.Model):
            raise Wrong(
                f"{what} gave back something of type {type(model).__name__}. "
                "Return a model: keras.Sequential([…])."
            )

        _apply(model, np.zeros((4, 32, 32, channels)))  # makes the weights
        count, limit = model.count_params(), 25 * channels**2 + channels
        if count >= limit:
            raise Wrong(
                f"{what} has {count:,} parameters, and a 5 × 5 convolution "
                f"{limit:,}. Fewer are asked for."
            )
        _check_field(model, channels)
        _check_bends(model, channels)
    return (
        "Fewer parameters, the same 5 × 5 pixels, and a bend in between. VGG "
        "does it with two 3 × 3 convolutions. A 1 × 1 bottleneck or separable "
        "convolutions can do it, too."
    )


lighter = Exercise(
    _lighter,
    hints=[
        "What does an output see if one small convolution follows another?",
        "Two 3 × 3 convolutions, one after the other, see 5 × 5 pixels, and "
        "2 · 9 is less than 25.",
        "keras.Sequential([keras.Input((None, None, channels)), ...]) with "
        'two layers.Conv2D(channels, 3, padding="same"), the first of them '
        'with activation="relu".',
    ],
    needs="keras",
)


def _networks() -> dict[str, Any]:
    """Build three small networks, by what messages call them."""
    from course_utils.models import FrozenBatchNormalization as Sleepy

    import keras
    from keras import layers

    def norm(place: int, kind: type = layers.BatchNormalization, **how: Any):
        # Half of the old is forgotten, so that nothing is rounded.
        return kind(name=f"norm_{place}", **{"momentum": 0.5, **how})

    def network(ends: Sequence) -> Any:
        return keras.Model(image, layers.Add(name="add")(ends))

    image = keras.Input((4, 4, 2))  # of mean 0 and variance 4
    moved = layers.Rescaling(1.5, 1, name="move")(image)
    of_variance_1 = layers.Rescaling(0.5, 3, name="scale")(image)
    norms = [
        *(norm(1), norm(2, Sleepy), norm(3, trainable=False)),
        *(norm(4, momentum=0.999), norm(5, momentum=1.0)),
    ]
    trained = network([one(moved) for one in norms])
    for one in norms[:3]:
        one.moving_mean.assign([0.25, -0.5])
        one.moving_variance.assign([1.5, 0.75])
    return {
        "a healthy network": network([norm(1)(moved), norm(2)(moved)]),
        "a network that was trained before": trained,
        "a network whose x has the mean 0": network(
            [norm(1)(image), norm(2)(of_variance_1), norm(3, Sleepy)(image)]
        ),
    }


def _balanced() -> np.ndarray:
    """Draw as many 2 as −2 for each of two channels."""
    x = np.tile(np.array([[2], [-2]], "float32"), (32, 2))
    return np.random.default_rng(3).permuted(x, axis=0).reshape(4, 4, 4, 2)


def _facts(model: Any, x: np.ndarray) -> dict[str, dict[str, bool]]:
    """Measure what each normalisation does, and put the weights back."""
    from keras import layers

    norms = _inner(model, layers.BatchNormalization)
    weights = model.get_weights()
    before = [norm.get_weights()[-2:] for norm in norms]
    model(x, training=True)
    after = [norm.get_weights()[-2:] for norm in norms]
    model.set_weights(weights)
    return {
        norm.name: {
            "mean": np.array_equal(old[0], new[0]),
            "variance": np.array_equal(old[1], new[1]),
            "both": np.array_equal(old, new),
            "nearly": np.allclose(old, new, 0.01, 0.01),
            "frozen": not norm.trainable,
            "new before": np.array_equal(old, [[0, 0], [1, 1]]),
            "new after": np.array_equal(new, [[0, 0], [1, 1]]),
        }
        for norm, old, new in zip(norms, before, after, strict=True)
    }


@functools.cache
def _right_facts() -> dict[str, dict[str, dict[str, bool]]]:
    """Measure once: every answer gets new networks of the same kind."""
    x = _balanced()
    return {title: _facts(model, x) for title, model in _networks().items()}


# Which layers a wrong instrument calls asleep, by what is true of them.
_INSTRUMENTS: dict[str, Callable[[dict], bool]] = {
    "These are the layers that are awake. Return the others.": (
        lambda fact: not fact["both"]
    ),
    "You call every layer asleep, in each network. Was the model called with "
    "training=True? And is the look before a copy, or does it change along "
    "with the layer? And is it moving_mean and moving_variance that you "
    "compare? In get_weights() they are the last two; γ and β come first.": (
        lambda fact: True
    ),
    "You found nobody asleep in any network, but some layers stay exactly as "
    "they are.": lambda fact: False,
    "These are the layers with trainable = False. Others do not move either: "
    "measure it, before and after.": lambda fact: fact["frozen"],
    "These are the layers with the statistics 0 and 1 before training. Every "
    "new layer has them. Do they move?": lambda fact: fact["new before"],
    "These are the layers with the statistics 0 and 1 after training. Others "
    "may stay at other values.": lambda fact: fact["new after"],
    "moving_mean alone decides here. It also stays where the batch has just "
    "this mean: look at moving_variance as well.": lambda fact: fact["mean"],
    "moving_variance alone decides here. It also stays where the batch has "
    "just this variance: look at moving_mean as well.": (
        lambda fact: fact["variance"]
    ),
    "A layer counts as asleep here if one of its statistics stays. It sleeps "
    "if both stay.": lambda fact: fact["mean"] or fact["variance"],
    "A layer that moves by very little is awake, too. Compare exactly: "
    "np.array_equal.": lambda fact: fact["nearly"],
}


def _names(given: Any, known: Sequence[str], title: str) -> list[str]:
    """Read the names that an answer gave back."""
    wanted = "A list of names is expected, such as ['norm_2'] or []"
    if not isinstance(given, list | tuple | set):
        raise Wrong(
            f"{wanted}, but for {title} you gave back something of type "
            f"{type(given).__name__}."
        )
    for name in given:
        if name not in known:
            raise Wrong(
                f"{str(name)[:30]!r} in your list is no name of a batch "
                f"normalisation of {title}, which has {', '.join(known)}. The "
                "name of a layer is layer.name."
            )
    return sorted(given)


@quietly()
def _asleep(answer: Any) -> str:
    """Grade an instrument that finds layers whose statistics stay."""
    x = _balanced()
    facts, named, changed = _right_facts(), {}, ""
    for title, model in _networks().items():
        weights, handed_over = model.get_weights(), x.copy()
        given = _given(answer, f"asleep for {title}", model, handed_over)
        if not np.array_equal(x, handed_over):
            raise Wrong("The function changed x. Whoever calls it needs it.")
        named[title] = _names(given, list(facts[title]), title)
        for weight, old in zip(model.weights, weights, strict=True):
            if not changed and not np.array_equal(weight, old):
                changed = f"{weight.path} of {title}"

    def chosen(rule: Callable[[dict], bool]) -> dict[str, list[str]]:
        return {
            title: sorted(name for name, fact in norms.items() if rule(fact))
            for title, norms in facts.items()
        }

    right = chosen(lambda fact: fact["both"])
    for title in facts:
        if named[title] != right[title]:
            for message, rule in _INSTRUMENTS.items():
                if named == chosen(rule):
                    raise Wrong(message)
            raise Wrong(
                f"In {title} you name {named[title]}, but the layers whose "
                f"statistics stay are {right[title]}."
            )
    if changed:
        raise Wrong(
            f"The names are right, but {changed} is not as before. Keep "
            "weights = model.get_weights() at the beginning, and "
            "model.set_weights(weights) at the end."
        )
    return (
        "In inception10(frozen=True) all 25 sleep, in inception10() none: "
        "somebody wrote training=False into the call of every normalisation. "
        "Such a layer scales and shifts, but never normalises, and neither an "
        "error nor the accuracy need show it."
    )


asleep = Exercise(
    _asleep,
    hints=[
        "Look at moving_mean and moving_variance of each layer, let the model "
        "train on x, and look again.",
        "model(x, training=True) moves the statistics, and nothing else. Copy "
        "what you saw before: keras.ops.convert_to_numpy(layer.moving_mean).",
        "names = [layer.name for layer in model.layers if isinstance(layer, "
        "layers.BatchNormalization)], of those where both are np.array_equal "
        "before and after. At the end model.set_weights(weights).",
    ],
    needs="keras",
)

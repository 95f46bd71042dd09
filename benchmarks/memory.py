"""How far back does a memory reach, and what does one see that reads back?

Lectures 10 and 11 say what comes out here. It prints tables in Markdown;
KERAS_BACKEND=jax is the quicker one. The parts:
- first: a plain network learns to name the first of 40 letters, not of 100;
- both: a bidirectional network that guesses the next letter looks perfect
  without having learnt it;
- rule: a network that is right on all that it has seen has not found the rule.
"""

from __future__ import annotations

import argparse

from course_utils import datasets

import common
import keras
import numpy as np
from keras import layers

LENGTHS = (10, 40, 100)
PIECE = 40  # letters that the diary is cut into
RULE_SEEDS = range(9)


def first_of(length: int, kind: str, bias: float | None, seed: int) -> float:
    """Learn to name the first of random letters; return the accuracy.

    Args:
        length: How many letters a text has.
        kind: "SimpleRNN" or "LSTM".
        bias: What the forget gate of an LSTM starts with; Keras takes 1.
        seed: Of the letters and of the network.
    """
    keras.utils.set_random_seed(seed)
    letters = np.random.default_rng(seed).integers(0, 5, (3000, length))
    x, y = np.eye(5, dtype="float32")[letters], letters[:, 0]
    memory = getattr(layers, kind)(32)
    model = compiled([keras.Input((length, 5)), memory, layers.Dense(5)], 0.003)
    if bias is not None:
        kernel, recurrent, biases = memory.get_weights()
        biases[32:64] = bias
        memory.set_weights([kernel, recurrent, biases])
    model.fit(x[:2500], y[:2500], epochs=20, verbose=0)
    return model.evaluate(x[2500:], y[2500:], verbose=0)[1]


def both_ways(seed: int) -> tuple[float, float]:
    """Guess the next letters of the diary with a bidirectional network.

    Returns:
        The accuracy on new pages: at all places of a piece but the last, and
        at the last, behind which there is nothing to read.
    """
    keras.utils.set_random_seed(seed)
    text = datasets.text().lower()
    signs = sorted(set(text))
    codes = np.array([signs.index(letter) for letter in text])
    parts = np.split(codes, [len(codes) * 9 // 10])
    (x, y), (new, right) = map(pieces, parts)
    memory = layers.SimpleRNN(64, return_sequences=True)
    model = compiled(
        [
            keras.Input((PIECE,)),
            layers.Embedding(len(signs), 32),
            layers.Bidirectional(memory),
            layers.Dense(len(signs)),
        ],
        0.005,
    )
    model.fit(x, y, epochs=15, verbose=0)
    hits = model.predict(new, verbose=0).argmax(axis=-1) == right
    return float(hits[:, :-1].mean()), float(hits[:, -1].mean())


def pieces(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut pieces that overlap by half, and the same one letter further on."""
    starts = np.arange(0, len(codes) - PIECE, PIECE // 2)
    longer = codes[starts[:, None] + np.arange(PIECE + 1)]
    return longer[:, :-1], longer[:, 1:]


def compiled(parts: list, rate: float) -> keras.Model:
    """Return a network that gives scores, ready to train."""
    model = keras.Sequential(parts)
    model.compile(
        keras.optimizers.Adam(rate, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def words_learnt(seed: int) -> tuple[float, float]:
    """Learn the words of four letters in abcdeabc…, as lecture 10 does.

    Returns:
        The share of those five words that is answered rightly, and the share
        of all 625 words whose answer follows their last letter.
    """
    keras.utils.set_random_seed(seed)
    place = np.arange(5)
    x, y = np.eye(5)[(place[:, None] + np.arange(4)) % 5], (place + 4) % 5
    model = keras.Sequential(
        [
            keras.Input((4, 5)),
            layers.SimpleRNN(3),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy"
    )
    many = np.repeat(x, 16, axis=0), np.repeat(y, 16)
    model.fit(*many, batch_size=16, epochs=20, verbose=0)
    every = np.indices((5, 5, 5, 5)).reshape(4, -1).T
    said = model.predict(np.eye(5)[every], verbose=0).argmax(axis=1)
    seen = model.predict(x, verbose=0).argmax(axis=1) == y
    return seen.mean(), (said == (every[:, -1] + 1) % 5).mean()


def first(seeds: range) -> None:
    """Print how often the first letter is named."""
    print("\n| letters | network | accuracy of naming the first |")
    print("| --- | --- | --- |")
    for kind, bias in (("SimpleRNN", None), ("LSTM", 1.0), ("LSTM", 5.0)):
        name = kind if bias is None else f"{kind}, forget bias {bias:g}"
        for length in LENGTHS:
            right = [f"{first_of(length, kind, bias, s):.2f}" for s in seeds]
            common.row(length, name, ", ".join(right))


def both(seeds: range) -> None:
    """Print how often the next letter is named, read from both ends."""
    print("\n| places 1 to 39 | place 40 |\n| --- | --- |")
    for seed in seeds:
        common.row(*(f"{share:.2f}" for share in both_ways(seed)))


def rule(_: range) -> None:
    """Print how many of all words are answered by the last letter."""
    print("\n| seed | words learnt | of all 625 words |\n| --- | --- | --- |")
    for seed in RULE_SEEDS:
        common.row(seed, *(f"{share:.2f}" for share in words_learnt(seed)))


PARTS = {part.__name__: part for part in (first, both, rule)}


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="part",
        help=f"{', '.join(PARTS)}; without any all",
    )
    parser.add_argument(
        "--seeds",
        type=common.count,
        default=3,
        help=f"starts of first and both (default 3); rule has "
        f"{len(RULE_SEEDS)}",
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    print(f"Keras {keras.__version__} on {keras.backend.backend()}")
    for name in options.parts or PARTS:
        PARTS[name](range(options.seeds))


if __name__ == "__main__":
    main()

"""The lab trains as `fit` does, obeys its controls, and survives faults."""

from __future__ import annotations

import _thread
import base64
import functools
import io
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils import training
from course_utils.training import LivePlot, TrainingLab

import keras
import numpy as np
import pytest
from PIL import Image

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 3)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("float32")
VALIDATION = (X[:32], Y[:32])
BATCH = 16
STEPS = len(X) // BATCH


class Troublemaker(keras.layers.Layer):
    """Passes its input on, and waits or raises when a test asks for it."""

    wait = 0.0
    fault: type[BaseException] | None = None

    def call(self, inputs: object) -> object:
        time.sleep(self.wait)
        if self.fault:
            raise self.fault("the layer is tired")
        return inputs


def fresh_model(
    layer: keras.layers.Layer | None = None, optimizer: object = "adam"
) -> keras.Model:
    """Return a compiled model, the same every time."""
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.layers.Input((3,)),
            keras.layers.Dense(4, activation="tanh"),
            layer or keras.layers.Dropout(0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=optimizer,
        loss="binary_crossentropy",
        metrics=["accuracy"],
        run_eagerly=isinstance(layer, Troublemaker),
    )
    return model


@functools.cache
def shared_model(optimizer: str) -> tuple[keras.Model, list, list[np.ndarray]]:
    """Return a model, its variables and their first values."""
    model = fresh_model(optimizer=optimizer)
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    return model, variables, [np.array(v.numpy()) for v in variables]


def make_model(optimizer: str = "adam") -> keras.Model:
    """Return what `fresh_model` does, without compiling its steps again."""
    model, variables, first = shared_model(optimizer)
    for variable, value in zip(variables, first, strict=True):
        variable.assign(value)
    keras.utils.set_random_seed(7)
    return model


def make_lab(model: keras.Model | None = None, **more: object) -> TrainingLab:
    options = {"epochs": 3, "batch_size": BATCH, **more}
    return TrainingLab(model or make_model(), X, Y, **options)


def slow_lab(epochs: int = 1000) -> tuple[TrainingLab, Troublemaker]:
    """Return a lab that trains for as long as a test may need."""
    layer = Troublemaker()
    layer.wait = 0.002
    return make_lab(fresh_model(layer, "sgd"), epochs=epochs), layer


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "TrainingLab"]


def values(model: keras.Model) -> list[np.ndarray]:
    return [np.array(w) for w in model.get_weights()]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(map(np.array_equal, first, second))


@pytest.fixture(autouse=True)
def no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    yield
    for lab in list(training._LABS):
        lab.stop()
    for thread in threads():
        thread.join(5)
    assert threads() == []


# The same numbers as Keras.


@functools.cache
def fitted() -> dict[str, list[float]]:
    """Return the history of plain `fit`, of a model of its own."""
    return (
        fresh_model()
        .fit(
            *(X, Y),
            epochs=3,
            batch_size=BATCH,
            verbose=0,
            validation_data=VALIDATION,
        )
        .history
    )


@pytest.mark.parametrize("way", ["run", "thread", "start without front end"])
def test_losses_are_those_of_fit_to_the_last_bit(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fitted()
    lab = make_lab(validation_data=VALIDATION)
    if way == "run":
        found = lab.run()
    elif way == "thread":
        lab.start()
        found = lab.wait()
    else:
        monkeypatch.setenv("COURSE_HEADLESS", "1")
        lab.start()
        assert threads() == []
        found = lab.history
    assert found == expected
    assert lab.state == "finished"


def test_an_odd_rate_is_kept_to_the_last_bit() -> None:
    rate = keras.optimizers.SGD(1 / 3)
    model = fresh_model(Troublemaker(), rate)
    before = float(rate.learning_rate.numpy())
    lab = make_lab(model)
    lab.run(1)
    assert float(rate.learning_rate.numpy()) == before
    assert lab.learning_rate == pytest.approx(1 / 3)


def test_live_plot_changes_nothing_and_records_all() -> None:
    expected = fitted()
    plot = LivePlot()
    assert isinstance(plot, keras.callbacks.Callback)
    make_model().fit(
        *(X, Y),
        epochs=3,
        batch_size=BATCH,
        verbose=0,
        validation_data=VALIDATION,
        callbacks=[plot],
    )
    assert plot.history == expected
    frame = plot.curves.canvas.frame
    kinds = {(c["panel"], c["kind"]): c["count"] for c in frame["curves"]}
    assert kinds == {
        ("loss", "training"): 3 * STEPS,
        ("loss", "validation"): 3,
        ("accuracy", "training"): 3 * STEPS,
        ("accuracy", "validation"): 3,
    }
    assert frame["progress"] == 1.0
    assert len(frame["points"]) == 4 * 2 * sum(kinds.values())
    for word in ("epoch 3 of 3", "loss", "accuracy", "validation accuracy"):
        assert word in frame["alt"]


def test_the_points_are_the_losses_of_the_batches() -> None:
    class Batches(keras.callbacks.Callback):
        """Measures the loss of every batch before it is learnt."""

        found: list[float] = []  # noqa: RUF012

        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
            rows = slice(batch * BATCH, (batch + 1) * BATCH)
            p = np.asarray(self.model(X[rows]))[:, 0]
            loss = np.where(Y[rows] == 1, -np.log(p), -np.log(1 - p)).mean()
            self.found.append(float(loss))

    model, plot = fresh_model(Troublemaker()), LivePlot()
    model.fit(
        *(X, Y),
        epochs=2,
        batch_size=BATCH,
        shuffle=False,
        verbose=0,
        callbacks=[Batches(), plot],
    )
    _, _, x, y = plot.curves._drawn()[-1]
    np.testing.assert_allclose(y, Batches.found, rtol=1e-4)
    np.testing.assert_allclose(x, np.arange(1, 2 * STEPS + 1) / STEPS)


def test_live_plot_without_a_known_number_of_batches() -> None:
    def batches() -> Iterator[tuple]:
        for first in range(0, len(X), BATCH):
            yield X[first : first + BATCH], Y[first : first + BATCH]

    plot = LivePlot()
    make_model().fit(batches(), epochs=1, verbose=0, callbacks=[plot])
    assert plot.curves.progress() == "epoch 1 of 1"
    assert [len(x) for *_, x, _ in plot.curves._drawn()] == [1, 1]


def test_live_plot_begins_where_fit_begins() -> None:
    plot = LivePlot()
    make_model().fit(
        *(X, Y), epochs=3, initial_epoch=2, verbose=0, callbacks=[plot]
    )
    assert plot.curves.progress() == "epoch 3 of 3"
    assert all(
        x.min() > 2 and x.max() == 3 for *_, x, _ in plot.curves._drawn()
    )


# Learning rate.


def test_rates_are_set_before_the_batches_that_are_named() -> None:
    first = make_lab(fresh_model(Troublemaker()))
    first.run(1, rates={0: 0.01, 4: 0.5})
    assert [(b, r) for _, b, r in first.rate_log][-2:] == [
        (0, pytest.approx(0.01)),
        (4, pytest.approx(0.5)),
    ]
    # The oracle: a callback of Keras's own kind.
    model = fresh_model(Troublemaker())

    class Schedule(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
            self.model.optimizer.learning_rate = 0.01 if batch < 4 else 0.5

    model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=[Schedule()])
    assert same(values(first.model), values(model))
    assert first.learning_rate == 0.5


def test_slider_reaches_the_optimizer_while_training() -> None:
    lab, _ = slow_lab()
    lab.start()
    until(lambda: lab.batches > 2)
    for rate in (0.01, 0.1, 0.003):
        begin = time.time()
        lab._slider.value = rate
        until(lambda: lab.rate_log[-1][2] == pytest.approx(rate))  # noqa: B023
        assert lab.rate_log[-1][0] - begin < 0.1
    assert lab.learning_rate == 0.003
    assert float(lab.model.optimizer.learning_rate.numpy()) == pytest.approx(
        0.003
    )


def test_a_rate_acts_at_once_when_nothing_trains() -> None:
    lab = make_lab()
    lab._slider.value = 0.2
    assert float(lab.model.optimizer.learning_rate.numpy()) == pytest.approx(
        0.2
    )


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf, "fast"])
def test_a_rate_that_is_none_is_refused(rate: object) -> None:
    lab = make_lab()
    with pytest.raises(ValueError, match="above 0"):
        lab.learning_rate = rate
    with pytest.raises(ValueError, match="above 0"):
        lab.run(1, rates={0: rate})
    assert lab.learning_rate == pytest.approx(0.001)


def test_a_rate_typed_wrong_is_explained_below_the_curves() -> None:
    lab = make_lab()
    lab._box.value = -3
    assert "above 0" in lab.message
    assert "0.001" in lab._line.value
    assert lab.run(1)["loss"], "the old rate still works"


def test_a_batch_that_is_past_is_no_place_for_a_rate() -> None:
    lab = make_lab()
    lab.run(1)
    with pytest.raises(ValueError, match=f"{STEPS} batches are done"):
        lab.run(1, rates={0: 0.1})
    lab.run(1, rates={STEPS + 1: 0.1})
    assert lab.learning_rate == 0.1


# Start, pause, stop, reset.


def test_pause_stands_still_and_resume_goes_on() -> None:
    lab, _ = slow_lab()
    lab._button.click()
    until(lambda: lab.batches > 2)
    assert lab._button.description == "Pause"
    lab._button.click()
    time.sleep(0.1)  # the batch that was under way
    before, weights = lab.batches, values(lab.model)
    time.sleep(0.1)
    assert lab.batches == before
    assert same(values(lab.model), weights)
    assert (lab.state, lab._button.description) == ("paused", "Resume")
    lab.learning_rate = 0.25
    until(lambda: lab.rate_log[-1][2] == 0.25)
    lab._button.click()
    until(lambda: lab.batches > before)
    lab._stopper.click()
    lab.wait(5)
    assert lab.state == "stopped"


def test_a_pause_does_not_change_what_is_learnt() -> None:
    expected = make_lab().run()
    lab = make_lab()
    lab.start()
    for _ in range(3):
        lab.pause()
        lab.resume()
    assert lab.wait() == expected


def test_stop_ends_a_pause_too_and_keeps_the_weights() -> None:
    lab, _ = slow_lab()
    start = values(lab.model)
    lab.start()
    until(lambda: lab.batches > STEPS)
    lab.pause()
    lab.stop()
    lab.wait(5)
    assert (lab.state, threads()) == ("stopped", [])
    assert not same(values(lab.model), start)
    assert "kept" in lab.message
    assert len(lab.history["loss"]) == lab.batches // STEPS
    done = lab.batches
    lab.start()
    until(lambda: lab.batches > done)


def test_run_goes_on_where_the_lab_is() -> None:
    lab = make_lab(epochs=5)
    assert len(lab.run(2)["loss"]) == 2
    assert len(lab.run(1)["loss"]) == 3
    assert repr(lab) == (
        "TrainingLab, finished: epoch 3 of 3, learning rate 0.001"
    )
    assert len(lab.run()["loss"]) == 8


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_reset_restores_weights_and_optimizer(optimizer: str) -> None:
    lab = make_lab(make_model(optimizer=optimizer))
    start = values(lab.model)
    state = [np.array(v.numpy()) for v in lab.model.optimizer.variables]
    first = lab.run()
    lab.learning_rate = 0.5
    lab.run(2)
    lab.reset()
    assert same(values(lab.model), start)
    assert lab.learning_rate == 0.5, "the slider stays"
    lab.learning_rate = 0.001
    now = [np.array(v.numpy()) for v in lab.model.optimizer.variables]
    assert same(now, state)
    assert (lab.history, lab.batches) == ({}, 0)
    assert lab._curves.canvas.frame["curves"] == []
    assert lab.run() == first


def test_reset_while_training_ends_the_training() -> None:
    lab, _ = slow_lab()
    start = values(lab.model)
    lab.start()
    until(lambda: lab.batches > 2)
    lab.reset()
    assert threads() == []
    assert same(values(lab.model), start)
    assert repr(lab).startswith("TrainingLab, ready: epoch 0 of 1000")


def test_start_twice_trains_once() -> None:
    lab, _ = slow_lab()
    lab.start()
    lab.start()
    assert len(threads()) == 1
    with pytest.raises(RuntimeError, match="training already"):
        lab.run(1)


# Several labs.


def test_a_new_lab_takes_the_model_over() -> None:
    old, _ = slow_lab()
    start = values(old.model)
    old.start()
    until(lambda: old.batches > 2)
    new = make_lab(old.model)
    assert threads() == []
    assert old.state == "replaced"
    stood = old.batches
    old._button.click()
    assert old.batches == stood
    assert threads() == []
    assert "newer lab" in old.message
    with pytest.raises(RuntimeError, match="newer lab"):
        old.run(1)
    new.reset()
    assert same(values(new.model), start), "Reset means what it meant before"


def test_the_same_cell_run_again_ends_its_old_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "_running_cell", lambda: ("cell", 1))
    first, _ = slow_lab()
    neighbour, _ = slow_lab()
    first.start()
    neighbour.start()
    assert len(threads()) == 2, "one run of a cell may make two labs"
    monkeypatch.setattr(training, "_running_cell", lambda: ("other", 2))
    elsewhere, _ = slow_lab()
    assert len(threads()) == 2
    monkeypatch.setattr(training, "_running_cell", lambda: ("cell", 3))
    again, _ = slow_lab()
    assert threads() == []
    states = [lab.state for lab in (first, neighbour, elsewhere, again)]
    assert states == ["replaced", "replaced", "ready", "ready"]


# Faults.


def test_a_loss_that_is_no_number_stops_and_gives_advice() -> None:
    model = fresh_model(Troublemaker())
    model.compile("sgd", "mean_squared_error", run_eagerly=True)
    model.layers[-1].activation = keras.activations.linear
    lab = make_lab(model)
    lab.learning_rate = 1e20
    history = lab.run(3)
    assert lab.state == "diverged"
    assert lab.batches < 3 * STEPS
    assert not math.isfinite(history["loss"][-1])
    assert "1e+20" in lab.message
    assert "too large" in lab.message
    assert "left" not in lab._curves.canvas.frame["text"]
    assert lab._helper.layout.display != "none"
    with pytest.raises(RuntimeError, match="Reset"):
        lab.start()
    assert lab._curves.png()
    lab._helper.click()
    assert (lab.state, lab.learning_rate) == ("ready", 1e19)
    assert lab._helper.layout.display == "none"
    lab.learning_rate = 0.01
    assert np.isfinite(lab.run(2)["loss"]).all()


def test_an_error_in_the_thread_is_shown_and_raised_by_wait() -> None:
    lab, layer = slow_lab()
    lab.start()
    until(lambda: lab.batches > 2)
    layer.fault = ArithmeticError
    until(lambda: lab.state == "failed")
    assert "ArithmeticError" in lab.message
    assert "tired" in lab._line.value
    with pytest.raises(ArithmeticError, match="tired"):
        lab.wait()
    layer.fault = None
    lab.reset()
    assert lab.error is None
    assert len(lab.run(1)["loss"]) == 1


def test_an_error_in_run_is_raised() -> None:
    lab, layer = slow_lab()
    layer.fault = ArithmeticError
    with pytest.raises(ArithmeticError, match="tired"):
        lab.run(1)
    assert lab.state == "failed"
    layer.fault = None
    assert len(lab.run(1)["loss"]) == 1


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Handle SIGINT as a kernel does, whatever pytest was started from."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_soon(lab: TrainingLab) -> threading.Timer:
    """Send the signal once a few batches are done."""

    def send() -> None:
        until(lambda: lab.batches > STEPS + 2)
        _thread.interrupt_main(signal.SIGINT)

    timer = threading.Timer(0, send)
    timer.start()
    return timer


@pytest.mark.parametrize("way", ["run", "wait"])
def test_an_interrupt_keeps_what_was_learnt(way: str, interrupts: None) -> None:
    lab, _ = slow_lab()
    start = values(lab.model)
    if way == "wait":
        lab.start()
    timer = interrupt_soon(lab)
    with pytest.raises(KeyboardInterrupt, match="so far are kept"):
        lab.run() if way == "run" else lab.wait()
    timer.join()
    until(lambda: not threads())
    assert lab.state == "interrupted"
    assert "interrupted in epoch" in lab.message
    assert not same(values(lab.model), start)
    assert lab.history["loss"]
    assert lab._curves._drawn()
    done = lab.batches
    lab.run(1)
    assert lab.batches == done + STEPS


def test_wait_gives_up_in_time() -> None:
    lab, _ = slow_lab()
    lab.start()
    begin = time.monotonic()
    lab.wait(0.1)
    assert time.monotonic() - begin < 2
    assert lab.state == "training"


# Bad input.


def uncompiled() -> keras.Model:
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])


def scheduled() -> keras.Model:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    return fresh_model(optimizer=keras.optimizers.SGD(schedule))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"model": uncompiled}, "not compiled", id="uncompiled"),
        pytest.param({"model": scheduled}, "schedule", id="schedule"),
        pytest.param({"model": str}, "Keras model, not str", id="no model"),
        pytest.param({"x": X[:0], "y": Y[:0]}, "no samples", id="empty"),
        pytest.param({"y": Y[:9]}, "96 samples and y has 9", id="lengths"),
        pytest.param({"x": [[1, 2, 3]]}, "x must be an array", id="list"),
        pytest.param({"y": None}, "y must be an array", id="no targets"),
        pytest.param({"y": np.float32(1)}, "y must be", id="number"),
        pytest.param({"epochs": 0}, "epochs must", id="no epochs"),
        pytest.param({"batch_size": 2.5}, "batch_size must", id="batch size"),
        pytest.param({"validation_data": X}, r"tuple \(x, y\)", id="tuple"),
        pytest.param(
            {"validation_data": (X, Y[:3])},
            "validation x has 96",
            id="validation lengths",
        ),
    ],
)
def test_bad_input_is_one_clear_error(change: dict, message: str) -> None:
    arguments = {"model": make_model, "x": X, "y": Y, **change}
    model = arguments.pop("model")()
    with pytest.raises(ValueError, match=message):
        TrainingLab(model, **arguments)


@pytest.mark.parametrize("epochs", [0, -1, 1.5, True])
def test_run_wants_a_whole_number_of_epochs(epochs: object) -> None:
    with pytest.raises(ValueError, match="epochs must be a whole number"):
        make_lab().run(epochs)


def test_a_model_compiled_again_asks_for_a_new_lab() -> None:
    lab = make_lab(fresh_model(Troublemaker()))
    lab.model.compile("sgd", "mean_squared_error", run_eagerly=True)
    with pytest.raises(RuntimeError, match="compiled again"):
        lab.run(1)
    assert make_lab(lab.model).run(1)["loss"]


def test_several_inputs_and_a_model_that_is_not_built() -> None:
    class Sum(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs: dict) -> object:
            return self.dense(inputs["a"] + inputs["b"])

    model = Sum()
    model.compile("sgd", "mean_squared_error", run_eagerly=True)
    lab = TrainingLab(model, {"a": X, "b": X}, Y, epochs=2)
    first = lab.run()
    lab.reset()
    assert lab.run() == first
    assert list(first) == ["loss"]


# What Jupyter is given.


def test_a_stored_notebook_shows_the_curves() -> None:
    lab = make_lab(validation_data=VALIDATION)
    empty, _ = lab._repr_mimebundle_()
    lab.run()
    data, metadata = lab._repr_mimebundle_()
    assert data["text/plain"] == repr(lab)
    assert "application/vnd.jupyter.widget-view+json" in data
    picture = base64.b64decode(data["image/png"])
    assert Image.open(io.BytesIO(picture)).width == 680
    assert data["image/png"] != empty["image/png"]
    alt = metadata["image/png"]["alt"]
    assert "epoch 3 of 3, loss 0." in alt
    assert "validation accuracy" in alt


@pytest.mark.parametrize("headless", [False, True])
def test_live_plot_is_displayed_once(
    headless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setenv("COURSE_HEADLESS", str(int(headless)))
    monkeypatch.setattr(training, "get_ipython", object)
    monkeypatch.setattr(
        training, "display", lambda plot: shown.append(plot._repr_mimebundle_())
    )
    make_model().fit(X, Y, epochs=1, verbose=0, callbacks=[LivePlot()])
    ((data, metadata),) = shown
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "LivePlot of loss and accuracy"
    # A notebook that is stored keeps the curves as they were in the end.
    alt = metadata["image/png"]["alt"]
    assert ("epoch 1 of 1, loss" in alt) == headless


def test_frames_come_ten_times_a_second_at_most() -> None:
    lab, _ = slow_lab()
    moments = []
    lab._curves.canvas.observe(lambda _: moments.append(time.monotonic()))
    lab.start()
    until(lambda: lab.batches > 2)
    time.sleep(0.6)
    assert 3 <= len(moments) <= 9
    assert "left" in lab._curves.canvas.frame["text"]


def test_a_long_training_does_not_begin_in_a_corner() -> None:
    curves = training.Curves()
    curves.clear(epochs=2000)
    curves.begin({"steps": 1, "epochs": 2000})
    filled = []
    for epoch in range(2000):
        curves.begin_epoch(epoch)
        curves.end_batch(0, {"loss": 1.0})
        curves.end_epoch({"loss": 1.0})
        filled.append((epoch + 1) / curves._until())
    assert min(filled) > 0.4
    assert max(filled) == filled[-1] == 1


def test_a_small_loss_after_a_huge_one_leaves_a_gap() -> None:
    curves = training.Curves()
    curves.begin({"steps": 3, "epochs": 1})
    curves.begin_epoch(0)
    losses = [1e12, 1.0, 4e12]
    for batch in range(3):
        mean = float(np.float32(np.mean(losses[: batch + 1])))
        curves.end_batch(batch, {"loss": mean})
    ((*_, y),) = curves._drawn()
    np.testing.assert_allclose(y, [1e12, np.nan, 4e12], rtol=1e-3)


@pytest.mark.parametrize(
    ("value", "log"),
    [
        (0.0, True),
        (-2.0, True),
        (math.nan, True),
        (math.inf, False),
        (1e300, False),
    ],
)
def test_any_loss_can_be_drawn(value: float, log: bool) -> None:
    curves = training.Curves(log)
    curves.begin({"steps": 2, "epochs": 1})
    curves.begin_epoch(0)
    for batch in range(2):
        curves.end_batch(batch, {"loss": value, "accuracy": 0.5})
    curves.end_epoch({"loss": value, "accuracy": 0.5})
    curves.send()
    assert curves.png()
    assert "epoch 1 of 1" in curves.describe()


def test_the_module_is_pure_keras() -> None:
    source = Path(training.__file__).read_text("utf-8")
    assert "tensorflow" not in source.lower()
    assert "tf." not in source

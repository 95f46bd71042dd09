"""Checks a learner's answer and says what is wrong: one module per lecture."""

from course_utils.check import (
    classic_networks,
    convolutional_networks,
    gradient_descent,
    keras_workflow,
    losses,
    lstm_stock,
    neural_networks,
    optimizers,
    recurrent_networks,
    start_here,
    tensors,
    training_toolkit,
)

__all__ = [
    "classic_networks",
    "convolutional_networks",
    "gradient_descent",
    "keras_workflow",
    "losses",
    "lstm_stock",
    "neural_networks",
    "optimizers",
    "recurrent_networks",
    "start_here",
    "tensors",
    "training_toolkit",
]

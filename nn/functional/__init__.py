"""The functions that networks are made of: arrays in, arrays out; Tensors in, Tensors out.

Layers wrap them (`nn.Dense(10, activation="softmax")`), names find them (`loss="huber"`), and a
written-out loop calls them as they are.
"""

from .activation import (
    elu,
    gelu,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    identity,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    step,
    tanh,
)
from .affine import affine
from .loss import (
    LossWarning,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    cross_entropy,
    cross_entropy_error,
    hinge,
    huber,
    kl_divergence,
    mean_absolute_error,
    mean_squared_error,
    nll,
    sum_squared_error,
)

__all__ = [
    # activations
    "identity", "step", "sigmoid", "tanh", "relu", "leaky_relu",
    "elu", "selu", "gelu", "silu", "softplus", "softsign", "log_sigmoid",
    "hard_sigmoid", "hard_tanh", "hard_silu", "softmax", "log_softmax",
    # a fully connected layer, but for its activation
    "affine",
    # losses
    "mean_squared_error", "sum_squared_error", "mean_absolute_error", "huber", "hinge",
    "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "categorical_cross_entropy", "cross_entropy", "cross_entropy_error", "nll", "kl_divergence",
    "LossWarning",
]  # fmt: skip

"""The functions that networks are made of: arrays in, arrays out; Tensors in, Tensors out.

Layers wrap them (`nn.Dense(10, activation="softmax")`), names find them (`loss="huber"`), and a
written-out loop calls them as they are.
"""

from typing import TYPE_CHECKING

from autograd._lazy import lazy

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
from .affine import affine, affine_relu
from .loss import (
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
from .loss_targets import LossWarning

if TYPE_CHECKING:
    from .convolution import conv1d, conv2d
    from .dot_product_attention import attention, sinusoidal_positions
    from .lookup import embedding
    from .normalization import batch_norm, group_norm, layer_norm, rms_norm
    from .pooling import avg_pool1d, avg_pool2d, global_avg_pool, max_pool1d, max_pool2d
    from .recurrent import gru_step, lstm_step, rnn_step
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {  # families that are loaded when they are asked for
            "convolution": "conv1d conv2d",
            "dot_product_attention": "attention sinusoidal_positions",
            "lookup": "embedding",
            "normalization": "batch_norm group_norm layer_norm rms_norm",
            "pooling": "avg_pool1d avg_pool2d global_avg_pool max_pool1d max_pool2d",
            "recurrent": "gru_step lstm_step rnn_step",
        },
    )


__all__ = [
    # activations
    "identity", "step", "sigmoid", "tanh", "relu", "leaky_relu",
    "elu", "selu", "gelu", "silu", "softplus", "softsign", "log_sigmoid",
    "hard_sigmoid", "hard_tanh", "hard_silu", "softmax", "log_softmax",
    # a fully connected layer, without and with a ReLU
    "affine", "affine_relu",
    # sequences
    "attention", "sinusoidal_positions", "rnn_step", "lstm_step", "gru_step",
    # windows over images and signals
    "conv1d", "conv2d",
    "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "global_avg_pool",
    # a row of numbers for each word
    "embedding",
    # normalization
    "batch_norm", "layer_norm", "group_norm", "rms_norm",
    # losses
    "mean_squared_error", "sum_squared_error", "mean_absolute_error", "huber", "hinge",
    "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "categorical_cross_entropy", "cross_entropy", "cross_entropy_error", "nll", "kl_divergence",
    "LossWarning",
]  # fmt: skip

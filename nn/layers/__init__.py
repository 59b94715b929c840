"""Layers: Modules that wrap the functions of `nn.functional` and hold their parameters."""

from typing import TYPE_CHECKING

from autograd._lazy import lazy

from .activation import (
    ELU,
    GELU,
    SELU,
    Activation,
    HardSigmoid,
    HardSiLU,
    HardTanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Step,
    Tanh,
)
from .dense import Dense, Linear
from .dropout import Dropout
from .flatten import Flatten
from .sequential import Sequential

if TYPE_CHECKING:
    from .attention import MultiHeadAttention, PositionalEmbedding
    from .convolution import Conv1d, Conv2d
    from .embedding import Embedding
    from .normalization import BatchNorm, BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm
    from .pooling import AvgPool1d, AvgPool2d, GlobalAvgPool, MaxPool1d, MaxPool2d
    from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
    from .residual import Residual
    from .transformer import TransformerBlock
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {  # families that are loaded when they are asked for
            "attention": "MultiHeadAttention PositionalEmbedding",
            "convolution": "Conv1d Conv2d",
            "embedding": "Embedding",
            "normalization": "BatchNorm BatchNorm1d BatchNorm2d GroupNorm LayerNorm RMSNorm",
            "pooling": "AvgPool1d AvgPool2d GlobalAvgPool MaxPool1d MaxPool2d",
            "recurrent": "GRU LSTM RNN GRUCell LSTMCell RNNCell",
            "residual": "Residual",
            "transformer": "TransformerBlock",
        },
    )


__all__ = [
    "Sequential", "Dense", "Linear", "Flatten", "Dropout", "Activation",
    "Conv1d", "Conv2d", "MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d", "GlobalAvgPool",
    "RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell",
    "MultiHeadAttention", "PositionalEmbedding", "TransformerBlock", "Residual",
    "BatchNorm", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "GroupNorm", "RMSNorm",
    "Embedding",
    "Identity", "Step", "Sigmoid", "Tanh", "ReLU", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU",
    "Softplus", "Softsign", "LogSigmoid", "HardSigmoid", "HardTanh", "HardSiLU",
    "Softmax", "LogSoftmax",
]  # fmt: skip

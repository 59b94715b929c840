"""Layers: Modules that wrap the functions of `nn.functional` and hold their parameters."""

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
from .attention import MultiHeadAttention, PositionalEmbedding
from .convolution import Conv1d, Conv2d
from .dense import Dense, Linear
from .dropout import Dropout
from .embedding import Embedding
from .flatten import Flatten
from .normalization import BatchNorm, BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm
from .pooling import AvgPool1d, AvgPool2d, GlobalAvgPool, MaxPool1d, MaxPool2d
from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from .residual import Residual
from .sequential import Sequential
from .transformer import TransformerBlock

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

"""Names as strings, as in Keras: `Dense(10, activation="softmax")`, `compile(optimizer="sgd")`.

And the names that other libraries have for what is here: they are not taken, but understood.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

KEYWORDS = {
    "input_dim": ("in_features", "in_channels", "vocabulary"),
    "input_shape": ("in_features", "in_channels"),
    "input_size": ("in_features",),
    "hidden_size": ("units",),
    "out_features": ("units",),
    "output_dim": ("units",),
    "filters": ("out_channels",),
    "num_features": ("channels",),
    "normalized_shape": ("shape",),
    "num_embeddings": ("vocabulary",),
    "embedding_dim": ("units",),
    "embed_dim": ("units",),
    "num_heads": ("heads",),
    "kernel_initializer": ("init",),
    "embeddings_initializer": ("init",),
    "recurrent_initializer": ("recurrent_init",),
    "bias_initializer": ("bias_init",),
    "use_bias": ("bias",),
    "pool_size": ("kernel_size",),
    "strides": ("stride",),
    "dilation_rate": ("dilation",),
    "return_sequences": ("returns",),
    "return_state": ("returns",),
    "batch_first": ("returns",),
    "p": ("rate",),
    "dim": ("axis",),
    "negative_slope": ("slope",),
    "nb_epoch": ("epochs",),
}
"""What other libraries call a parameter, and what it may be called here."""

ELSEWHERE = {
    "CrossEntropyLoss": "nn.cross_entropy(y, t), of logits: losses are functions",
    "NLLLoss": "nn.nll(y, t): losses are functions",
    "MSELoss": "nn.mean_squared_error(y, t): losses are functions",
    "L1Loss": "nn.mean_absolute_error(y, t): losses are functions",
    "HuberLoss": "nn.huber(y, t): losses are functions",
    "KLDivLoss": "nn.kl_divergence(y, t): losses are functions",
    "BCELoss": "nn.binary_cross_entropy(y, t): losses are functions",
    "BCEWithLogitsLoss": "nn.binary_cross_entropy_with_logits(y, t): losses are functions",
    "ModuleList": "a list: a Module finds what is in its lists",
    "ParameterList": "a list: a Module finds what is in its lists",
    "ModuleDict": "a dict: a Module finds what is in its dicts",
    "ParameterDict": "a dict: a Module finds what is in its dicts",
    "utils": "optim.clip_grad_norm and optim.clip_grad_value",
    "optim": "the package of its own: import optim",
    "Model": "nn.Module, or nn.Sequential",
    "load": "model.load(path), on a model made as it was then",
    "save": "model.save(path)",
}
"""What other libraries have in this place, and what is here instead."""

METHODS = {
    "add_module": "self.name = layer: attributes are found",
    "apply": "for path, module in model.modules(): …",
    "build": "model(x), which finds the sizes",
    "children": "model.modules(), pairs of path and Module",
    "count_params": "sum(p.size for p in model.parameters())",
    "cuda": "nothing: it computes with NumPy, in the computer's memory",
    "double": "dtype= of the layers, as they are made",
    "fit_generator": "model.fit(batches)",
    "get_weights": "model.state_dict()",
    "half": "dtype= of the layers, as they are made",
    "load_weights": "model.load(path)",
    "named_modules": "model.modules(), pairs of path and Module",
    "predict_classes": "model.predict(x).argmax(axis=1)",
    "predict_proba": "model.predict(x)",
    "register_buffer": "self.name = Tensor(array): attributes are found",
    "register_parameter": "self.name = nn.Parameter(array): attributes are found",
    "requires_grad_": "for p in model.parameters(): p.requires_grad = False",
    "save_weights": "model.save(path)",
    "set_weights": "model.load_state_dict(state)",
    "to": "nothing: it computes with NumPy, in the computer's memory; dtype= of the layers",
}
"""What models of other libraries can do, and how it is done here."""


def find(kind: str, name: Any, named: Mapping[str, Any], aliases: Mapping[str, str] = {}) -> Any:
    """What is called `name`, however its words are joined and capitalised; a function is itself.

    Raises ValueError for an unknown name, with those that are spelt alike.

    >>> find("number", "One-Two", {"one_two": 12})
    12
    """
    if not isinstance(name, str):
        if isinstance(name, Callable):  # type: ignore[arg-type]
            return name
        raise TypeError(f"{kind}: {name!r} is neither a name nor a function.")
    table = {_plain(key): value for key, value in named.items()}
    table |= {_plain(alias): table[_plain(meant)] for alias, meant in aliases.items()}
    try:
        return table[_plain(name)]
    except KeyError:
        known = [*named, *aliases]
        near = _near(name, known, 3) or known
        raise ValueError(f"no {kind} is called {name!r}. Do you mean {', '.join(near)}?") from None


def _near(name: str, known: list[str], count: int) -> list[str]:
    """Those spelt alike, however joined and capitalised, and those that begin like it."""
    from difflib import get_close_matches

    plain: dict[str, list[str]] = {}
    for other in known:
        plain.setdefault(_plain(other), []).append(other)
    asked = _plain(name)
    if asked in plain:
        return plain[asked][:count]
    near = get_close_matches(asked, plain, count, 0.65)  # at 0.6, SGD is spelt like Sigmoid
    near += [key for key in plain if key.startswith(asked) and len(asked) > 1]
    return [other for key in dict.fromkeys(near) for other in plain[key]][:count]


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def missing(module: str, name: str, known: list[str]) -> AttributeError:
    """The error for a name that a module does not have, with what it is called here."""
    near = _near(name, known, 2)
    here = ELSEWHERE.get(name) or " or ".join(f"{module}.{other}" for other in near)
    hint = f" Here it is {here}." if name in ELSEWHERE else f" Do you mean {here}?" if here else ""
    return AttributeError(f"{module} has no {name}.{hint}", name=name)


def check_spelling(asked: str, function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Raises TypeError for keywords that a function does not have, with the right spelling.

    >>> check_spelling("softmax", lambda x, axis=-1: x, {"dim": 1})
    Traceback (most recent call last):
    TypeError: softmax(dim=1): here it is written axis=1.
    """
    _, *parameters = inspect.signature(function).parameters.values()  # without self, or x
    known = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
    if len(known) < len(parameters):
        return  # it takes any
    for name, value in given.items():
        if name in known:
            continue
        near = [other for other in KEYWORDS.get(name, ()) if other in known]
        near = near or _near(name, known, 1)
        wrong = f"{asked}({name}={value!r:.40})"
        if near:
            same = isinstance(value, (bool, int, float, str)) and near[0] != "returns"
            shown = repr(value) if same else "…"
            raise TypeError(f"{wrong}: here it is written {near[0]}={shown}.")
        only = f", only {', '.join(known)}" if known else ""
        raise TypeError(f"{wrong}: there is no such argument{only}.")


def spelling(init: Callable[..., None]) -> Callable[..., None]:
    """A constructor which, called with another library's keywords, says what they are here."""

    @wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs and not kwargs.keys() <= known:
            check_spelling(type(self).__name__, init, kwargs)
        init(self, *args, **kwargs)

    known = inspect.signature(init).parameters.keys()
    return __init__

"""Losses averaged, smoothed or weighted otherwise."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

from .call import Arguments, Call, Candidate, changed, computed, torch_functional


def other_means(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The loss of each element, summed over all axes but the first; half of it; its negative."""
    each = {**arguments, "reduction": "none"}

    def elements() -> Any:
        return call.function(**each)

    whole = f"{call.name}(reduction={arguments.get('reduction', 'mean')!r})"
    port = f"the sum of {call.name} over all but the batch, then the mean over the batch"
    yield computed(whole, port, lambda: elements().flatten(1).sum(1).mean())
    port = f"the mean of {call.name} over all but the batch, then the sum over the batch"
    yield computed(whole, port, lambda: elements().flatten(1).mean(1).sum())
    yield computed(
        call.name,
        f"the mean of {call.name} over the last axis",
        lambda: elements().mean(-1),
        part=True,
    )
    yield computed(
        call.name,
        f"the sum of {call.name} over the last axis",
        lambda: elements().sum(-1),
        part=True,
    )
    for factor, text in ((0.5, "half of"), (2.0, "twice"), (-1.0, "the negative of")):
        port = f"{text} {call.name}"
        yield computed(call.name, port, lambda f=factor: f * call.function(**arguments), part=True)


def other_cross_entropies(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Weights that do not divide the mean, ignored targets that do, classes along another axis."""
    scores, target = arguments["input"], arguments["target"]
    each = {**arguments, "reduction": "none"}
    original = f"{call.name}, divided by the weights of the targets that are not ignored"
    port = f"{call.name}, divided by the number of all targets"
    yield computed(original, port, lambda: call.function(**each).mean())
    ignored = arguments.get("ignore_index", -100)
    port = f"{call.name}, divided by the number of targets that are not ignored"
    yield computed(original, port, lambda: _over_the_kept(call.function(**each), target, ignored))
    for axis in (axis for axis in range(scores.ndim) if axis != 1 and scores.ndim > 1):
        moved = scores.movedim(axis, 1)
        texts = "the classes along axis 1", f"the classes along axis {axis}"
        yield changed(call, arguments, *texts, input=moved)
        port = f"{call.name} with the softmax over axis {axis}"
        original = f"{call.name} with the softmax over axis 1"
        yield computed(original, port, lambda axis=axis: _softmax_over(arguments, axis))
    yield from _without_softmax(call, arguments)


def _over_the_kept(losses: Any, target: Any, ignored: int) -> Any:
    return losses.sum() / (target != ignored).sum()


def _softmax_over(arguments: Arguments, axis: int) -> Any:
    """The cross entropy whose softmax runs over another axis than the classes."""
    F = torch_functional()
    names = ("weight", "ignore_index", "reduction")
    rest = {name: arguments[name] for name in names if name in arguments}
    return F.nll_loss(arguments["input"].log_softmax(axis), arguments["target"], **rest)


def _without_softmax(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The scores taken for log probabilities, for probabilities, or softmaxed twice."""
    if call.name != "cross_entropy":
        return
    F, scores, target = torch_functional(), arguments["input"], arguments["target"]
    mean = arguments.get("reduction", "mean")
    ways = {
        "a softmax before it": lambda: scores.softmax(1).log_softmax(1),
        "the logarithm in place of the log softmax": lambda: scores.log(),
        "no log softmax": lambda: scores,
    }
    for name, logarithms in ways.items():

        def run(logarithms: Callable[[], Any] = logarithms) -> Any:
            return F.nll_loss(logarithms(), target, reduction=mean)

        yield computed(call.name, f"cross_entropy with {name}", run)


def other_smoothings(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The label smoothing spread over the other classes alone."""
    torch = importlib.import_module("torch")
    smoothing, target = arguments.get("label_smoothing", 0.0), arguments["target"]
    if not smoothing or target.is_floating_point():
        return
    scores = arguments["input"]
    count = scores.shape[1] if scores.ndim > 1 else scores.shape[0]

    def run(kept: float, others: float) -> Any:
        hot = torch.nn.functional.one_hot(target.clamp(min=0), count).movedim(-1, 1)
        labels = torch.where(hot.bool(), kept, others).to(scores.dtype)
        new = {**arguments, "target": labels, "label_smoothing": 0.0, "ignore_index": -100}
        return call.function(**new)

    original = f"cross_entropy(label_smoothing={smoothing:.6g}), spread over all K classes"
    spread = {
        "the other K - 1 classes": (1 - smoothing, smoothing / (count - 1)),
        "the other classes, each smoothing / K": (1 - smoothing, smoothing / count),
        "all K classes, each smoothing": (1 - smoothing, smoothing),
    }
    for name, values in spread.items():
        port = f"cross_entropy(label_smoothing={smoothing:.6g}), spread over {name}"
        yield computed(original, port, lambda values=values: run(*values))


def other_binary_entropies(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The sigmoid left out or taken twice."""
    F, x = torch_functional(), arguments["input"]
    rest = {name: arguments.get(name) for name in ("target", "weight")}
    rest["reduction"] = arguments.get("reduction", "mean")
    logits, plain = "binary_cross_entropy_with_logits", "binary_cross_entropy"
    if call.name == logits:
        port = f"{logits} with a sigmoid before it"
        yield computed(call.name, port, lambda: getattr(F, logits)(x.sigmoid(), **rest))
        yield computed(call.name, plain, lambda: getattr(F, plain)(x, **rest))
    else:
        yield computed(call.name, logits, lambda: getattr(F, logits)(x, **rest))


def other_divergences(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """The Kullback-Leibler divergence with its arguments or their logarithms exchanged."""
    x, target = arguments["input"], arguments["target"]
    reversed_ = {**arguments, "input": target.log(), "target": x.exp()}
    texts = "kl_div(log q, p)", "kl_div(log p, q), the arguments exchanged"
    yield computed(*texts, lambda: call.function(**reversed_))
    port = "kl_div of an input that is not a logarithm"
    yield computed(call.name, port, lambda: call.function(**{**arguments, "input": x.log()}))


def other_distances(call: Call, arguments: Arguments) -> Iterator[Candidate]:
    """Another loss of the difference of the same two arrays."""
    F = torch_functional()
    x, target = arguments["input"], arguments["target"]
    mean = arguments.get("reduction", "mean")
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        if name != call.name:
            loss = getattr(F, name)
            yield computed(call.name, name, lambda f=loss: f(x, target, reduction=mean))
    if call.name in ("smooth_l1_loss", "huber_loss"):
        size = arguments.get("beta", arguments.get("delta", 1.0))
        other, option = (
            ("huber_loss", "delta") if "beta" in arguments else ("smooth_l1_loss", "beta")
        )
        texts = f"{call.name} of {size:.6g}", f"{other}({option}={size:.6g})"
        loss = getattr(F, other)
        yield computed(*texts, lambda: loss(x, target, reduction=mean, **{option: size}))

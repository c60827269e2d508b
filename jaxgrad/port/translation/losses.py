"""The table of operations: losses and distances, functions of `jaxgrad.functional`."""

from .bound import Bound, Rule, only_first

_REDUCTIONS = ("none", "mean", "sum")


def _loss(function: str, args: str = "self, target", words: str = "") -> Rule:
    """A loss; PyTorch's number of a reduction has a name here."""

    def rule(step: Bound) -> str:
        reduction = _REDUCTIONS[1 if step["reduction"] is None else step["reduction"]]
        given = [args, *(f"{word}={word}" for word in words.split())]
        given += [] if reduction == "mean" else [f"reduction='{reduction}'"]
        return f"F.{function}({', '.join(given)})"

    return rule


def _embedding_bag(step: Bound) -> str | None:
    if not only_first(step.node):
        return None
    words = ["scale_grad_by_freq", "per_sample_weights", "include_last_offset"]
    if step["padding_idx"] not in (None, -1):
        words.append("padding_idx")
    mode = ("sum", "mean", "max")[step["mode"] or 0]
    given = ", ".join(f"{word}={word}" for word in words)
    return f"F.embedding_bag(indices, weight, offsets, mode='{mode}', {given})"


LOSSES: dict[str, Rule] = {
    **{name: _loss(name) for name in ("l1_loss", "mse_loss", "soft_margin_loss")},
    "multilabel_margin_loss": _loss("multilabel_margin_loss"),
    "smooth_l1_loss": _loss("smooth_l1_loss", words="beta"),
    "huber_loss": _loss("huber_loss", words="delta"),
    "binary_cross_entropy": _loss("binary_cross_entropy", words="weight"),
    "binary_cross_entropy_with_logits": _loss(
        "binary_cross_entropy_with_logits", words="weight pos_weight"
    ),
    "multi_margin_loss": _loss("multi_margin_loss", words="p margin weight"),
    "kl_div": _loss("kl_div", words="log_target"),
    "poisson_nll_loss": _loss("poisson_nll_loss", "input, target", "log_input full eps"),
    "nll_loss_nd": _loss("nll_loss", words="weight ignore_index"),
    "cross_entropy_loss": _loss("cross_entropy", words="weight ignore_index label_smoothing"),
    "hinge_embedding_loss": _loss("hinge_embedding_loss", words="margin"),
    "margin_ranking_loss": _loss("margin_ranking_loss", "input1, input2, target", "margin"),
    "cosine_embedding_loss": _loss("cosine_embedding_loss", "input1, input2, target", "margin"),
    "triplet_margin_loss": _loss(
        "triplet_margin_loss", "anchor, positive, negative", "margin p eps swap"
    ),
    "pairwise_distance": "F.pairwise_distance(x1, x2, p=p, eps=eps, keepdim=keepdim)",
    "pdist": "F.pdist(self, p=p)",
    "embedding_bag": _embedding_bag,
    "_embedding_bag": _embedding_bag,
}
"""By PyTorch's name; the arguments have the names of PyTorch's schema."""

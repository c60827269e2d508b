"""How many digits PyTorch's own answers have, where these are fewer than its dtype's."""

DIGITS = {
    # PyTorch's own derivatives have these many digits: it multiplies by a 1 / 6 in float32, its
    # trigamma is a short series, and logcumsumexp takes logarithms of the cotangent.
    ("hardsigmoid", "float64"): 1e-7,
    ("lgamma", "float64"): 1e-9,
    ("digamma", "float64"): 1e-9,
    ("polygamma", "float64"): 1e-9,
    ("logcumsumexp", "float64"): 1e-10,
    # Its logarithms near 1e4 have four digits after the point in float32.
    ("logcumsumexp", "float32"): 1e-3,
    ("logcumsumexp", "complex64"): 1e-3,
    ("logcumsumexp", "bfloat16"): 2e-1,
    ("logcumsumexp", "float16"): 2e-2,
    # Both round the difference before it is squared; the oracle in float64 does not.
    ("mse_loss", "float16"): 2e-3,
    ("triplet_margin_with_distance_loss", "float16"): 2e-3,
    # Sums of powers up to 1e8 that cancel.
    ("pow", "float32"): 1e-5,
    ("pow", "complex64"): 1e-5,
    # Along an axis of size 1 the gradient is 0, as the difference of two terms of size 1 / |x|.
    ("normalize", "float64"): 1e-11,
}
"""Relative tolerances, where they are not the dtype's own."""
ABSOLUTE = {
    ("logcumsumexp", "float64"): 1e-11,
    ("logcumsumexp", "float16"): 1e-4,
    ("pow", "float32"): 1e-2,
    ("pow", "complex64"): 1e-2,
    ("nn.functional.linear_cross_entropy", "float16"): 2.5e-3,
    ("nn.functional.linear_cross_entropy", "bfloat16"): 2e-2,
}
"""Logarithms near 1e4 are 2e-12 apart; those near 0 are of numbers near 1, which float16 has 1e-3
apart. Powers up to 1e8 cancel in sums: against float64 both sides are off by up to 15 there.
PyTorch's narrow gradients of linear_cross_entropy, sums of products of size 1, are as far from its
float64 ones, and on average further than ours."""
IN_FLOAT64 = ("ctc_loss", "logcumsumexp", "digamma", "polygamma", "cdist")
"""PyTorch's float32 derivatives of these lose more digits than ours: its float64 is the oracle."""

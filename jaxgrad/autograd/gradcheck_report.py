"""The report of a gradient check: the worst element of each Jacobian."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """The worst element of one Jacobian, that of one output by one input.

    Attributes:
        mode: "forward" or "backward", or "fast forward" and "fast backward" for a projection.
        output: the output leaf's place, such as "output['loss']".
        input: the input leaf's place, such as "inputs[0]['w']".
        output_index: the element of the output; None for a projection.
        input_index: the element of the input; None for a projection.
        part: for complex numbers the parts that are compared, such as "imag by real".
        analytic: the derivative that JAX gives.
        numeric: the central difference.
        tolerance: the largest difference that passes.
        kink: the slopes from below and from above where they differ, so that there is no
            derivative; else None.
    """

    mode: str
    output: str
    input: str
    output_index: tuple[int, ...] | None
    input_index: tuple[int, ...] | None
    part: str
    analytic: float
    numeric: float
    tolerance: float
    kink: tuple[float, float] | None

    @property
    def is_within(self) -> bool:
        """Whether the two agree."""
        return abs(self.analytic - self.numeric) <= self.tolerance

    def __str__(self) -> str:
        """One line."""
        text = f"{self.mode}, {self.output} by {self.input}"
        if self.output_index is not None and self.input_index is not None:
            text += f", element {list(self.output_index)} by {list(self.input_index)}"
        text += f" ({self.part})" * bool(self.part)
        text += f": analytic {self.analytic:.9g}, numeric {self.numeric:.9g}"
        text += f", tolerance {self.tolerance:.2g}"
        if self.kink:
            below, above = self.kink
            text += f"; a kink: the slope is {below:.6g} from below and {above:.6g} from above"
        return text


@dataclass(frozen=True)
class GradcheckReport:
    """What `gradcheck` found: true if everything agrees. `str` gives readable lines.

    Attributes:
        differences: for each mode, output and input, the worst element.
        problems: other problems, a sentence each.
    """

    differences: tuple[Difference, ...]
    problems: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether everything agrees."""
        return not self.problems and all(d.is_within for d in self.differences)

    def __str__(self) -> str:
        """A line for each problem, or one line that says how much was compared."""
        wrong = [*self.problems, *(str(d) for d in self.differences if not d.is_within)]
        if wrong:
            return "gradcheck: " + "\n  ".join([f"{len(wrong)} wrong", *wrong])
        modes = " and ".join(dict.fromkeys(d.mode for d in self.differences)) or "nothing"
        count = len(self.differences)
        return f"gradcheck: {count} Jacobian{'s agree' if count != 1 else ' agrees'}, {modes}"

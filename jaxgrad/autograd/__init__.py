"""`torch.autograd` as transformations of functions."""

from .differences import central_difference as central_difference
from .gradcheck import Difference as Difference
from .gradcheck import GradcheckReport as GradcheckReport
from .gradcheck import gradcheck as gradcheck
from .gradcheck import gradgradcheck as gradgradcheck
from .hooks import gradient_hook as gradient_hook
from .intermediates import intermediate_grads as intermediate_grads
from .nonfinite import NonFinite as NonFinite
from .nonfinite import Operand as Operand
from .nonfinite import first_nonfinite as first_nonfinite
from .reverse import backward as backward
from .used import used_inputs as used_inputs

"""`torch.autograd` as transformations of functions."""

from .differences import central_difference as central_difference
from .reverse import backward as backward

"""What two functions give or refuse, to be compared."""

import warnings

REFUSALS = (RuntimeError, TypeError, ValueError, IndexError, ArithmeticError)


def outcome(call):
    """What a call gives, or its refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call()
        except REFUSALS as error:
            return error

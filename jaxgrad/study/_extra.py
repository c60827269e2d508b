"""Refuses the study where its extra is not installed: imported first, so that all of it does."""

from jaxgrad import _extras

if _lacking := _extras.lacking(study=_extras.EXTRAS["study"]):
    raise ModuleNotFoundError(f"jaxgrad.study {_lacking}")

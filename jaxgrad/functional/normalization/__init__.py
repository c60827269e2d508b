"""Normalization of arrays: by their mean and variance, their norm, or their neighbours."""

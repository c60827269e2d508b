"""Lookups of rows of a matrix by index, their sums, and classes as rows of ones and zeros."""

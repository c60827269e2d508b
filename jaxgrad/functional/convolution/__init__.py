"""Convolutions of arrays (N, C, *spatial), their transposes, and the products they are made of."""

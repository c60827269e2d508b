"""Resampling: images to other sizes, and at the positions of a grid, as PyTorch computes them."""

"""Pooling: the mean, the maximum or a norm of each window of an image, and the way back."""

"""Layers of transformers and stacks of them, as functions of PyTorch's state dicts."""

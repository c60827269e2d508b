"""Attention: `torch.nn.functional`'s, with its masks, its heads and its dropout."""

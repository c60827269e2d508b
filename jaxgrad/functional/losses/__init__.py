"""Losses: `torch.nn.functional`'s, with its denominators, dtypes, refusals and derivatives."""

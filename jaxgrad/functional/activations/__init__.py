"""Activations: `torch.nn.functional`'s, with its values, dtypes, refusals and derivatives."""

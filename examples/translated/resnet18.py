"""ResNet as pure functions of its parameters."""

import jaxgrad.functional as F
from jaxgrad.state_dict import nest


# torch/nn/modules/batchnorm.py:176
def batch_norm2d(p, x):
    """Applies Batch Normalization over a 4D input."""
    return F.batch_norm(x, p["running_mean"], p["running_var"], p["weight"], p["bias"])


# torchvision/models/resnet.py:89
def basic_block(p, x):
    """The forward of BasicBlock."""
    y = F.relu(batch_norm2d(p["bn1"], F.conv2d(x, p["conv1"]["weight"], padding=1)))
    y = batch_norm2d(p["bn2"], F.conv2d(y, p["conv2"]["weight"], padding=1)) + x
    return F.relu(y)


# torchvision/models/resnet.py:89
def basic_block_2(p, x):
    """The forward of BasicBlock."""
    y = batch_norm2d(p["bn1"], F.conv2d(x, p["conv1"]["weight"], stride=2, padding=1))
    y = batch_norm2d(p["bn2"], F.conv2d(F.relu(y), p["conv2"]["weight"], padding=1))
    x = F.conv2d(x, p["downsample"]["0"]["weight"], stride=2)  # (N, ?, ?, ?)
    return F.relu(y + batch_norm2d(p["downsample"]["1"], x))


# torchvision/models/resnet.py:284
def resnet(params, x):
    """The forward of ResNet.

    Args:
        params: the parameters and buffers, by their names in the state dict.
        x: (N, 3, H, W), float32.
    """
    p = nest(params)
    x = batch_norm2d(p["bn1"], F.conv2d(x, p["conv1"]["weight"], stride=2, padding=3))
    x = basic_block(p["layer1"]["0"], F.max_pool2d(F.relu(x), 3, stride=2, padding=1))
    x = basic_block(p["layer1"]["1"], x)
    x = basic_block_2(p["layer2"]["0"], x)  # (N, 128, ?, ?)
    x = basic_block(p["layer2"]["1"], x)
    x = basic_block_2(p["layer3"]["0"], x)  # (N, 256, ?, ?)
    x = basic_block(p["layer3"]["1"], x)
    x = basic_block_2(p["layer4"]["0"], x)  # (N, 512, ?, ?)
    x = F.adaptive_avg_pool2d(basic_block(p["layer4"]["1"], x), 1)  # (N, 512, 1, 1)
    return F.linear(x.reshape(x.shape[0], -1), p["fc"]["weight"], p["fc"]["bias"])

"""The parameters with which torch.nn layers start, as flat dicts."""

from .affine import bilinear as bilinear
from .affine import embedding as embedding
from .affine import linear as linear
from .attention import multihead_attention as multihead_attention
from .convolutions import conv1d as conv1d
from .convolutions import conv2d as conv2d
from .convolutions import conv3d as conv3d
from .convolutions import conv_transpose1d as conv_transpose1d
from .convolutions import conv_transpose2d as conv_transpose2d
from .convolutions import conv_transpose3d as conv_transpose3d
from .norms import batch_norm as batch_norm
from .norms import group_norm as group_norm
from .norms import instance_norm as instance_norm
from .norms import layer_norm as layer_norm
from .norms import rms_norm as rms_norm
from .recurrent import gru as gru
from .recurrent import lstm as lstm
from .recurrent import rnn as rnn

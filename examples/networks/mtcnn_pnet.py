"""MTCNN's P-Net with the trained weights of facenet-pytorch: where in a picture may a face be?

pip install --no-deps facenet-pytorch    # for its file of weights; PyTorch is not needed
python examples/networks/mtcnn_pnet.py
"""

import functools
import importlib.util
import pathlib
import sys
from collections.abc import Iterator, Mapping

import jax
import jax.numpy as jnp
import numpy as np

import jaxgrad.functional as F
from jaxgrad import replay, state_dict

State = Mapping[str, jax.Array | np.ndarray]
CELL, STRIDE = 12, 2
"""The network looks at squares of 12 x 12 pixels, 2 pixels apart."""


def pnet(p: State, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """`PNet(x)`: for each square, how its box is moved, and whether a face is in it.

    Args:
        p: the state dict, by facenet-pytorch's names.
        x: pictures (N, 3, H, W) with numbers between -1 and 1.

    Returns:
        (moves (N, 4, rows, columns) in units of the box, probabilities (N, 2, rows, columns)).
    """
    x = F.prelu(F.conv2d(x, p["conv1.weight"], p["conv1.bias"]), p["prelu1.weight"])
    x = F.max_pool2d(x, 2, 2, ceil_mode=True)
    x = F.prelu(F.conv2d(x, p["conv2.weight"], p["conv2.bias"]), p["prelu2.weight"])
    x = F.prelu(F.conv2d(x, p["conv3.weight"], p["conv3.bias"]), p["prelu3.weight"])
    is_face = F.softmax(F.conv2d(x, p["conv4_1.weight"], p["conv4_1.bias"]), 1)
    return F.conv2d(x, p["conv4_2.weight"], p["conv4_2.bias"]), is_face


def initial(state: replay.State) -> tuple[dict[str, jax.Array], replay.State]:
    """The state dict of an untrained `PNet`, and the next state."""
    p, before = {}, 3
    for layer, channels in (("1", 10), ("2", 16), ("3", 32), ("4_1", 2), ("4_2", 4)):
        size = 1 if before == 32 else 3
        conv, state = replay.conv2d(state, before, channels, size)
        p |= {f"conv{layer}.{name}": value for name, value in conv.items()}
        if size == 3:
            p[f"prelu{layer}.weight"], before = jnp.full(channels, 0.25, jnp.float32), channels
    return p, state


def proposals(
    p: State, image: np.ndarray, minsize: int = 20, threshold: float = 0.6, factor: float = 0.709
) -> np.ndarray:
    """The boxes that may hold a face: the first stage of facenet-pytorch's `detect_face`.

    How many boxes there are depends on the picture, so that they are handled in NumPy.

    Args:
        p: the state dict.
        image: a picture (3, H, W) with floating point numbers from 0 to 255.
        minsize: the size in pixels of the smallest face to look for.
        threshold: the probability from which a square counts.
        factor: each picture of the pyramid is so many times as large as the one before.

    Returns:
        Squares (left, top, right, bottom, probability), the most probable first: (count, 5).
    """
    found = [candidates(p, image, scale, threshold) for scale in scales(image, minsize, factor)]
    boxes = np.concatenate([np.zeros((0, 9), image.dtype), *found])
    return squares(moved(boxes[distinct(boxes, 0.7)]))


def scales(image: np.ndarray, minsize: int, factor: float) -> Iterator[float]:
    """The sizes of the pyramid's pictures, in units of the picture's own."""
    scale = CELL / minsize
    smaller = min(image.shape[1:]) * scale
    while smaller >= CELL:
        yield scale
        scale, smaller = scale * factor, smaller * factor


@functools.partial(jax.jit, static_argnames="size")
def responses(p: State, image: np.ndarray, size: tuple[int, int]) -> tuple[jax.Array, jax.Array]:
    """The network's moves (4, rows, columns) and probabilities of a face (rows, columns)."""
    x = F.interpolate(image[None], size=size, mode="area")
    moves, is_face = pnet(p, (x - 127.5) / 128)
    return moves[0], is_face[0, 1]


def candidates(p: State, image: np.ndarray, scale: float, threshold: float) -> np.ndarray:
    """The probable boxes of one size: (left, top, right, bottom, probability, four moves)."""
    height, width = (int(size * scale + 1) for size in image.shape[1:])
    moves, is_face = map(np.asarray, responses(p, image, (height, width)))
    place = np.argwhere(is_face >= threshold)
    corner = place[:, ::-1].astype(image.dtype) * STRIDE
    edges = [np.floor((corner + 1) / scale), np.floor((corner + CELL) / scale)]
    row, column = place.T
    boxes = np.hstack([*edges, is_face[row, column][:, None], moves[:, row, column].T])
    return boxes[distinct(boxes, 0.5)]


def distinct(boxes: np.ndarray, most: float) -> list[int]:
    """Non-maximum suppression: the boxes that no better one overlaps by more than `most`."""
    left = np.argsort(-boxes[:, 4], kind="stable")
    kept = []
    while left.size:
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[overlaps(boxes[best], boxes[left]) <= most]
    return kept


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The area that a box shares with each of the others, in units of what both cover."""
    shared = area(
        np.hstack([np.maximum(box[:2], others[:, :2]), np.minimum(box[2:4], others[:, 2:4])])
    )
    return shared / (area(box) + area(others) - shared)


def area(boxes: np.ndarray) -> np.ndarray:
    """The area of each box; 0 where it is turned inside out."""
    return np.prod(np.maximum(boxes[..., 2:4] - boxes[..., :2], 0), axis=-1)


def moved(boxes: np.ndarray) -> np.ndarray:
    """The boxes (left, top, right, bottom, probability), each edge moved as the network says."""
    size = boxes[:, 2:4] - boxes[:, :2]
    return np.hstack([boxes[:, :4] + boxes[:, 5:] * np.tile(size, 2), boxes[:, 4:5]])


def squares(boxes: np.ndarray) -> np.ndarray:
    """The boxes made square around their centres, the shorter sides as long as the longer ones."""
    size = boxes[:, 2:4] - boxes[:, :2]
    side = size.max(1, keepdims=True)
    corner = boxes[:, :2] + size * 0.5 - side * 0.5
    return np.hstack([corner, corner + side, boxes[:, 4:]])


def picture(height: int = 90, width: int = 150) -> np.ndarray:
    """Three drawn faces of different sizes before a wall: (3, height, width)."""
    row, column = np.indices((height, width))
    image = 90 + 60 * row / height + 20 * np.sin(column / 9)

    def ellipse(y, x, tall, wide, grey):
        image[((row - y) / tall) ** 2 + ((column - x) / wide) ** 2 < 1] = grey

    for y, x, size in ((45, 32, 24), (35, 85, 16), (60, 125, 11)):
        ellipse(y, x, 1.25 * size, size, 215)
        for side in (-0.4, 0.4):
            ellipse(y - 0.3 * size, x + side * size, 0.12 * size, 0.2 * size, 50)
        ellipse(y + 0.1 * size, x, 0.3 * size, 0.1 * size, 170)
        ellipse(y + 0.65 * size, x, 0.1 * size, 0.4 * size, 90)
    image += 4 * np.sin(13 * row + 78 * column + row * column)  # grain
    return np.stack([image, 0.85 * image, 0.75 * image]).astype(np.float32)


def trained() -> pathlib.Path | None:
    """The file of weights in an installed facenet-pytorch, which is not imported."""
    spec = importlib.util.find_spec("facenet_pytorch")
    if spec is None or spec.origin is None:
        return None
    return pathlib.Path(spec.origin).with_name("data") / "pnet.pt"


def main(path: str | pathlib.Path | None = None) -> int:
    """Looks for faces in a drawn picture; returns the number of boxes."""
    path = path or trained()
    if path is None:
        print("needs a file pnet.pt: run pip install --no-deps facenet-pytorch, or name the file")
        return 0
    boxes = proposals(state_dict.load(path), picture())
    print(f"{len(boxes)} boxes; the most probable ones:")
    for left, top, right, bottom, probability in boxes[:5]:
        print(f"{probability:.3f}: from ({left:.1f}, {top:.1f}) to ({right:.1f}, {bottom:.1f})")
    return len(boxes)


if __name__ == "__main__":
    main(*sys.argv[1:])

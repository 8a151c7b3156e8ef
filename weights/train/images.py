"""Images as the super-resolution literature measures them: MATLAB's bicubic and PSNR on luma.

Arrays are height x width x channels. 8-bit images are uint8, intermediate ones float64 in 0..255.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}


def list_images(folder: Path) -> list[Path]:
    """Image files directly inside `folder`, sorted by name."""
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise FileNotFoundError(f"{folder}: no images ({', '.join(sorted(SUFFIXES))})")
    return found


def read_rgb(path: Path) -> np.ndarray:
    """H x W x 3 uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def to_u8(image: np.ndarray) -> np.ndarray:
    """Round and clip 0..255 floats to uint8."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _keys_cubic(t: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution kernel with a = -1/2 (Keys 1981), the one `imresize` uses."""
    t = np.abs(t)
    near = (1.5 * t - 2.5) * t * t + 1.0
    far = ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    return np.where(t <= 1.0, near, np.where(t < 2.0, far, 0.0))


@lru_cache(maxsize=64)
def resize_matrix(source: int, target: int) -> np.ndarray:
    """`target` x `source` matrix of MATLAB's bicubic along one axis.

    Pixel centres are at half-integers; when shrinking, the kernel is widened by the factor
    (antialiasing); beyond the edge the image is mirrored, the edge pixel included.
    """
    factor = target / source
    stretch = min(factor, 1.0)
    centre = (np.arange(target) + 0.5) / factor - 0.5
    reach = int(np.ceil(2.0 / stretch)) + 1
    taps = np.floor(centre).astype(int)[:, None] + np.arange(-reach, reach + 1)[None, :]
    weight = _keys_cubic((centre[:, None] - taps) * stretch)
    weight /= weight.sum(axis=1, keepdims=True)
    mirrored = np.mod(taps, 2 * source)
    mirrored = np.where(mirrored < source, mirrored, 2 * source - 1 - mirrored)
    matrix = np.zeros((target, source))
    np.add.at(matrix, (np.arange(target)[:, None], mirrored), weight)
    return matrix


def imresize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bicubic resize as MATLAB's `imresize` does it. H x W x C in, float64 out, not clipped."""
    rows = resize_matrix(image.shape[0], height)
    columns = resize_matrix(image.shape[1], width)
    flat = rows @ image.reshape(image.shape[0], -1).astype(np.float64)
    return np.matmul(columns, flat.reshape(height, *image.shape[1:]))


def crop_to_multiple(image: np.ndarray, scale: int) -> np.ndarray:
    """Drop the last rows and columns so that both sides divide by `scale` ("modcrop")."""
    height, width = image.shape[:2]
    return image[: height - height % scale, : width - width % scale]


def turn(image: np.ndarray, degrees: float) -> np.ndarray:
    """The largest upright square in the middle of an image of uint8 that is turned by up to 45 degrees."""
    turned = np.asarray(Image.fromarray(image).rotate(degrees, Image.Resampling.BICUBIC))
    angle = np.deg2rad(abs(degrees))
    height, width = image.shape[:2]
    side = int(min(height, width) / (np.cos(angle) + np.sin(angle))) - 2
    top, left = (height - side) // 2, (width - side) // 2
    return turned[top : top + side, left : left + side]


def shrink(image: np.ndarray, scale: int) -> np.ndarray:
    """The 8-bit low-resolution input that belongs to a high-resolution image."""
    return to_u8(imresize(image, image.shape[0] // scale, image.shape[1] // scale))


def luma(image: np.ndarray) -> np.ndarray:
    """BT.601 studio-range luma (16..235) of H x W x 3 RGB in 0..255, as `rgb2ycbcr` gives it."""
    return 16.0 + image.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255.0


def to_grey(image: np.ndarray) -> np.ndarray:
    """8-bit RGB without its colour, as grey files have it: full-range BT.601 luma in all channels."""
    return np.repeat(to_u8(image @ np.array([0.299, 0.587, 0.114]))[..., None], 3, axis=2)


def psnr(image: np.ndarray, truth: np.ndarray, border: int) -> float:
    """PSNR in dB over all channels of two arrays in 0..255, `border` pixels left out on each side."""
    if image.shape != truth.shape:
        raise ValueError(f"sizes differ: {image.shape} and {truth.shape}")
    inner = np.s_[border:-border, border:-border]
    error = float(np.mean((image[inner].astype(np.float64) - truth[inner]) ** 2))
    return float("inf") if error == 0.0 else 10.0 * np.log10(255.0**2 / error)


def psnr_y(image: np.ndarray, truth: np.ndarray, border: int) -> float:
    """PSNR in dB between the lumas of two 8-bit RGB images, `border` pixels left out on each side."""
    return psnr(luma(image), luma(truth), border)

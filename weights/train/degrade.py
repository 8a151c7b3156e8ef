"""How the low-resolution side of a training pair comes to be: one function per kind of damage.

Each takes (random, high, scale): a generator, an H x W x 3 uint8 truth whose sides divide by `scale`, and the factor.
It returns an H/scale x W/scale x 3 uint8 image on the same grid: pixel centres stay where they are.
Noise is in 8-bit units, blur in pixels of the image that it is applied to.
"""

import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from images import imresize, shrink, to_grey, to_u8

FILTERS = [Image.Resampling.BICUBIC, Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS]


def compress(image: np.ndarray, kind: str, quality: int, **settings) -> np.ndarray:
    """An 8-bit image after being written as `kind` (a Pillow format) and read again."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, quality=quality, **settings)
    with Image.open(buffer) as read:
        return np.asarray(read.convert("RGB"))


def jpeg(random: np.random.Generator, image: np.ndarray, lowest: int, highest: int) -> np.ndarray:
    """JPEG of random quality; three in four with the chroma halved both ways, as most files are."""
    quality = int(random.integers(lowest, highest + 1))
    return compress(image, "JPEG", quality, subsampling=2 if random.random() < 0.75 else 0)


def blur(image: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """Gaussian blur with one sigma down and one across; float32 out."""
    return gaussian_filter(image.astype(np.float32), (*sigma, 0.0), truncate=3.0)


def shade(noise: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Noise that grows with the root of the light and is what it was at mid-grey: photons are counted (Poisson)."""
    return noise * np.sqrt(np.maximum(image, 4.0) / 128.0)


def add_noise(random: np.random.Generator, image: np.ndarray, sigma: float, poisson: bool) -> np.ndarray:
    """Noise whose deviation at mid-grey is `sigma`: the same everywhere, or growing with the root of the light."""
    noise = random.standard_normal(image.shape, dtype=np.float32) * sigma
    if poisson:
        noise = shade(noise, image)
    if random.random() < 0.2:  # luminance noise only
        noise = noise[..., :1]
    return image + noise


def grain(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise of deviation 1: each channel's own, the same in all (one in four), or between; one in seven coarser than a pixel."""
    drawn = random.random()
    common = 1.0 if drawn < 0.25 else random.random() if drawn < 0.5 else 0.0
    own, shared = (random.standard_normal((*shape[:2], channels), dtype=np.float32) for channels in (shape[2], 1))
    noise = np.sqrt(1.0 - common) * own + np.sqrt(common) * shared
    if random.random() < 0.15:
        noise = blur(noise, (random.uniform(0.3, 0.8),) * 2)
        noise /= noise.std()
    return noise


def resize(random: np.random.Generator, image: np.ndarray, height: int, width: int) -> np.ndarray:
    """To height x width by MATLAB's bicubic (every other time) or one of Pillow's filters; float32."""
    if random.random() < 0.5:
        return imresize(image, height, width).astype(np.float32)
    planes = [Image.fromarray(np.ascontiguousarray(image[..., c], dtype=np.float32)) for c in range(3)]
    kind = FILTERS[random.integers(len(FILTERS))]
    return np.stack([np.asarray(plane.resize((width, height), kind)) for plane in planes], axis=2)


def clean(_: object, high: np.ndarray, scale: int) -> np.ndarray:
    """MATLAB's bicubic, the literature's protocol; nothing of it is random."""
    return shrink(high, scale)


def nearly_clean(random: np.random.Generator, high: np.ndarray, scale: int) -> np.ndarray:
    """Screenshots: seven in ten only small, the others lightly compressed."""
    height, width = high.shape[0] // scale, high.shape[1] // scale
    if random.random() < 0.7:
        return shrink(high, scale)
    low = to_u8(resize(random, high, height, width))
    return jpeg(random, low, 75, 97)


def drawing(random: np.random.Generator, high: np.ndarray, scale: int) -> np.ndarray:
    """Drawings and renders as they are passed around: four in ten only small, half a JPEG, the others a WebP."""
    drawn = random.random()
    if drawn < 0.4:
        return shrink(high, scale)
    low = to_u8(resize(random, high, high.shape[0] // scale, high.shape[1] // scale))
    return jpeg(random, low, 50, 98) if drawn < 0.9 else compress(low, "WEBP", int(random.integers(50, 99)))


def camera(random: np.random.Generator, high: np.ndarray, scale: int) -> np.ndarray:
    """Photographs as cameras and web pages save them: half a little soft, most with a little of a sensor's noise, and one JPEG of
    good quality."""
    if random.random() < 0.5:
        high = blur(high, (random.uniform(0.15, 0.85) * scale,) * 2)
    image = shrink(high, scale)
    if random.random() < 0.7:
        noise = grain(random, image.shape) * random.uniform(0.0, 4.0)
        image = to_u8(image + (shade(noise, image) if random.random() < 0.5 else noise))
    return jpeg(random, image, 70, 98) if random.random() < 0.94 else image


def once(random: np.random.Generator, high: np.ndarray, scale: int) -> np.ndarray:
    """What most such pictures went through: a soft lens, a smaller size, a sensor's noise, one JPEG."""
    image = blur(high, (random.uniform(0.3, 2.5) * scale / 4.0,) * 2)
    image = resize(random, image, high.shape[0] // scale, high.shape[1] // scale)
    image = add_noise(random, image, random.uniform(1.0, 16.0), random.random() < 0.1)
    return jpeg(random, to_u8(image), 27, 88)


def recover(random: np.random.Generator, high: np.ndarray, scale: int) -> np.ndarray:
    """Soft, noisy, compressed: half of them `once`, the others once or twice over and in odder ways (after Zhang et al. 2021,
    BSRGAN; Wang et al. 2021, Real-ESRGAN)."""
    if random.random() < 0.5:
        return once(random, high, scale)
    height, width = high.shape[0] // scale, high.shape[1] // scale
    image = high.astype(np.float32)
    sigma = random.uniform(0.2, 2.8) * scale / 4.0
    lopsided = random.uniform(0.6, 1.6) if random.random() < 0.3 else 1.0
    if random.random() < 0.92:
        image = blur(image, (sigma * lopsided, sigma / lopsided))
    if random.random() < 0.35:  # a first life as a file of another size
        factor = random.uniform(1.0 / scale, 1.0)
        image = resize(random, image, int(high.shape[0] * factor), int(high.shape[1] * factor))
        if random.random() < 0.5:
            image = add_noise(random, image, random.uniform(0.0, 10.0), random.random() < 0.4)
        if random.random() < 0.7:
            image = jpeg(random, to_u8(image), 40, 95)
    image = resize(random, image, height, width)
    if random.random() < 0.85:
        image = add_noise(random, image, random.uniform(0.0, 17.0), random.random() < 0.3)
    image = to_u8(image)
    drawn = random.random()
    if drawn < 0.8:
        return jpeg(random, image, 25, 95)
    return compress(image, "WEBP", int(random.integers(30, 95))) if drawn < 0.9 else image


def deblock(random: np.random.Generator, high: np.ndarray, scale: int) -> np.ndarray:
    """JPEG of quality 10 to 90, the low ones more often; one in five was a JPEG before, on another grid."""
    assert scale == 1
    image = high
    if random.random() < 0.2:
        shift = tuple(random.integers(0, 8, 2))
        image = np.roll(jpeg(random, np.roll(image, shift, (0, 1)), 30, 95), (-shift[0], -shift[1]), (0, 1))
    return jpeg(random, image, 10, 90 if random.random() < 0.4 else 50)


def denoise(random: np.random.Generator, high: np.ndarray, scale: int) -> np.ndarray:
    """`grain` of sigma 0 to 35, three in ten growing with the light; one in seven went through a JPEG of good quality."""
    assert scale == 1
    noise = grain(random, high.shape) * random.uniform(0.0, 35.0)
    image = to_u8(high + (shade(noise, high) if random.random() < 0.3 else noise))
    return jpeg(random, image, 80, 97) if random.random() < 0.15 else image


def recover_benchmark(index: int, high: np.ndarray, scale: int) -> np.ndarray:
    """The fixed test of the recover family: blur 0.4 to 2.4, bicubic, noise 2 to 15, JPEG 30 to 85, by image index."""
    random = np.random.default_rng([2026, index])
    image = blur(high, (random.uniform(0.4, 2.4),) * 2)
    image = imresize(image, high.shape[0] // scale, high.shape[1] // scale)
    image = to_u8(image + random.standard_normal(image.shape) * random.uniform(2.0, 15.0))
    return compress(image, "JPEG", int(random.integers(30, 86)), subsampling=2)


def camera_benchmark(index: int, high: np.ndarray, scale: int) -> np.ndarray:
    """Bicubic, noise of sigma 0 to 3, JPEG of quality 75 to 96, by image index."""
    random = np.random.default_rng([2026, index])
    image = shrink(high, scale)
    image = to_u8(image + random.standard_normal(image.shape) * random.uniform(0.0, 3.0))
    return compress(image, "JPEG", int(random.integers(75, 97)), subsampling=2)


def jpeg_20(_index: int, high: np.ndarray, _scale: int) -> np.ndarray:
    """JPEG of quality 20, chroma halved both ways."""
    return compress(high, "JPEG", 20, subsampling=2)


def noise_15(index: int, high: np.ndarray, _scale: int) -> np.ndarray:
    """Gaussian noise of sigma 15, rounded and clipped to 8 bits."""
    random = np.random.default_rng([2026, index])
    return to_u8(high + random.standard_normal(high.shape) * 15.0)


def noise_15_grey(index: int, high: np.ndarray, _scale: int) -> np.ndarray:
    """The picture without its colour, and the same noise in all channels: the protocol of Zhang et al. 2017, DnCNN. Compare luma."""
    random = np.random.default_rng([2026, index])
    return to_u8(to_grey(high) + random.standard_normal((*high.shape[:2], 1)) * 15.0)


DAMAGE = {f.__name__: f for f in (clean, nearly_clean, drawing, camera, recover, deblock, denoise)}

# The fixed test that belongs to each, and one more: (index, high, scale) -> low.
BENCHMARK = {
    "clean": clean,
    "nearly_clean": clean,
    "drawing": clean,
    "camera": camera_benchmark,
    "recover": recover_benchmark,
    "deblock": jpeg_20,
    "denoise": noise_15,
    "denoise_grey": noise_15_grey,
}

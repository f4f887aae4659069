"""From light to pixels: exposure, lens faults, noise, tone curve, sharpening and compression.

Lengths are pixels of a picture 256 pixels high and grow with the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

Curve = Literal["plain", "film", "phone", "flat"]
CURVES: tuple[Curve, ...] = get_args(Curve)

TARGET = 0.2  # linear luminance that auto exposure gives a face of unknown skin
METERING = 0.85  # 1 would reach the target from anywhere; cameras stay a little behind
FARTHEST_OFF = 1.5  # factor by which auto exposure misses the target at most
MOST_GAIN = 256.0
CRF_RANGE = (23, 35)

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_WHITE = 4.0  # linear; what is brighter cannot be told apart
_STEPS = 4096  # entries of the tone table, spaced by the square root of light


@dataclass(frozen=True, slots=True)
class Sensor:
    """One camera's way from light to pixels.

    Attributes:
        exposure: stops relative to auto exposure.
        cast: gains of red, green and blue.
        curve: tone curve: the sRGB standard's, or one with a film's, a phone's or a cheap webcam's contrast.
        contrast: -0.5 (flatter) to 0.5 (steeper) around middle grey.
        saturation: 0 (grey) to about 1.4; 1 leaves colours alone.
        vignetting: 0 to 0.5, how much darker the corners are.
        motion: length of motion blur in pixels at 256.
        motion_angle: its direction in degrees: 0 along x, 90 along y.
        defocus: Gaussian sigma in pixels at 256.
        aberration: how far red and blue part at the edge of the picture, pixels at 256.
        shot: variance of the noise per unit of linear light, at gain 1.
        read: standard deviation of the noise in the dark, linear, at gain 1.
        sharpening: 0 to 1.5, strength of the halo along edges.
        jpeg: quality, 40-97.
        video: constant rate factor of a simulated video, 23 (good) to 35 (poor), or None for a photograph.
    """

    exposure: float = 0.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    curve: Curve = "plain"
    contrast: float = 0.0
    saturation: float = 1.0
    vignetting: float = 0.0
    motion: float = 0.0
    motion_angle: float = 0.0
    defocus: float = 0.0
    aberration: float = 0.0
    shot: float = 0.0
    read: float = 0.0
    sharpening: float = 0.0
    jpeg: int = 95
    video: int | None = None


def draw_sensor(random: np.random.Generator, wild: float = 1.0) -> Sensor:
    """Draw the sensor of one sequence.

    Args:
        random: the source of chance.
        wild: 0 is a laboratory's camera, 1 the full range of webcams, phones and compressed video.
    """
    warmth, tint = random.normal(0, 0.015 + 0.065 * wild), random.normal(0, 0.008 + 0.022 * wild)
    cast = np.exp([warmth + tint, -tint, tint - warmth])  # white balance errs between orange and blue, less in green
    cast /= cast @ _LUMINANCE
    chances = np.array([1.0, 0.25 + 0.5 * wild, 0.75 * wild, 0.5 * wild])
    noise = float(random.beta(1.2, 2.5)) * (0.25 + 0.75 * wild)
    grey = random.random() < 0.04 * wild
    moved = random.random() < 0.18 * wild
    filmed = random.random() < 0.35 * wild
    sharpened = random.random() < 0.15 + 0.4 * wild
    return Sensor(
        exposure=float(np.clip(random.normal(0, 0.12 + 0.33 * wild), -1.3, 1.1)),
        cast=(float(cast[0]), float(cast[1]), float(cast[2])),
        curve=CURVES[int(random.choice(len(CURVES), p=chances / chances.sum()))],
        contrast=float(np.clip(random.normal(0, 0.05 + 0.17 * wild), -0.5, 0.5)),
        saturation=0.0 if grey else float(np.clip(random.normal(1, 0.05 + 0.13 * wild), 0.5, 1.4)),
        vignetting=float(random.beta(1, 3)) * (0.1 + 0.4 * wild),
        motion=float(random.gamma(2.0, 1.3)) + 0.5 if moved else 0.0,
        motion_angle=float(random.uniform(0, 180)),
        defocus=float(0.25 + random.gamma(1.2, 0.08 + 0.27 * wild)),
        aberration=min(float(random.exponential(0.12)), 0.6) * wild,
        shot=0.0001 + 0.003 * noise**2,
        read=0.0004 + 0.008 * noise**2,
        sharpening=float(random.uniform(0.15, 0.4 + 0.9 * wild)) if sharpened else 0.0,
        jpeg=int(random.integers(round(85 - 45 * wild), 98)),
        video=int(random.integers(CRF_RANGE[0], CRF_RANGE[1] + 1)) if filmed else None,
    )


def develop(
    linear: Float32,
    sensor: Sensor,
    random: np.random.Generator,
    size: int | None = None,
    metered: float | None = None,
    target: float | None = None,
) -> UInt8:
    """Turn rendered light into a picture.

    Args:
        linear: (H, W, 3) linear RGB, not negative; may be supersampled.
        sensor: the sensor.
        random: the source of the noise.
        size: height of the picture in pixels; as the input when left out. The width keeps the proportions.
        metered: linear luminance that the exposure is set by. A meter before the face, read once, keeps the exposure
            free of what the face does. Without it, the median of the picture's middle.
        target: linear luminance that the metered one is brought to, nearly; :data:`TARGET` when left out.

    Returns:
        (h, w, 3) uint8 sRGB. The same light, sensor and generator state give the same bytes.

    Raises:
        UsageError: light that is not (H, W, 3).
    """
    if linear.ndim != 3 or linear.shape[2] != 3:
        raise UsageError(f"light of shape {linear.shape}", "is not a picture", "Use (height, width, 3)")
    seen = _middle_luminance(linear) if metered is None else metered
    gain = auto_exposure(seen, target) * 2.0**sensor.exposure
    light = _resized(np.asarray(linear, np.float32), size)
    light = _through_lens(light, sensor)
    light = cv2.transform(light, _colour_matrix(sensor) * np.float32(gain))
    _vignette(light, sensor.vignetting)
    if sensor.shot > 0 or sensor.read > 0:
        light += _noise(light, sensor, min(gain, 16.0), random)
    picture = tone_table(sensor)[_table_index(light)]
    if sensor.sharpening > 0:
        soft = cv2.GaussianBlur(picture, (0, 0), 0.9 * max(1.0, _scale(picture)))
        picture = cv2.addWeighted(picture, 1 + sensor.sharpening, soft, -sensor.sharpening, 0)
    return cast(UInt8, cv2.convertScaleAbs(np.maximum(picture, 0)))


def encode_jpeg(rgb: UInt8, sensor: Sensor) -> bytes:
    """Write a picture as the sensor's JPEG, after the losses of its video if it has one.

    Args:
        rgb: (H, W, 3) sRGB.
        sensor: gives ``jpeg`` and ``video``.
    """
    picture = rgb if sensor.video is None else as_video(rgb, sensor.video)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, sensor.jpeg])[1].tobytes()


def as_video(rgb: UInt8, crf: int) -> UInt8:
    """Give a picture about the losses of a video frame: blocks of 8 pixels, half-resolution colour, then deblocking.

    Args:
        rgb: (H, W, 3) sRGB.
        crf: constant rate factor that x264 would have been given.
    """
    margin = 4  # sets the blocks apart from those of a JPEG that follows
    framed = cv2.copyMakeBorder(rgb, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    quality = int(np.clip(round(75 - 3.5 * (crf - CRF_RANGE[0])), 12, 90))
    code = cv2.imencode(".jpg", framed[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    coded = cv2.GaussianBlur(cv2.imdecode(code, cv2.IMREAD_COLOR), (3, 3), 0.45)
    return np.ascontiguousarray(coded[margin:-margin, margin:-margin, ::-1])


def auto_exposure(metered: float, target: float | None = None) -> float:
    """Return the gain that brings the metered luminance near the target, damped as a camera's metering is.

    Args:
        metered: linear luminance.
        target: wanted linear luminance; :data:`TARGET` when left out.
    """
    needed = (TARGET if target is None else target) / max(metered, 1e-6)
    missed = float(np.clip(needed ** (1 - METERING), 1 / FARTHEST_OFF, FARTHEST_OFF))
    return min(needed / missed, MOST_GAIN)


def _middle_luminance(linear: Float32) -> float:
    """Median luminance of the middle ninth of a picture."""
    height, width = linear.shape[:2]
    step = max(1, height // 128)  # a sample is enough for a median
    middle = linear[height // 3 : -(height // 3) or None : step, width // 3 : -(width // 3) or None : step]
    return float(np.median(middle.reshape(-1, 3) @ _LUMINANCE))


def tone_table(sensor: Sensor) -> Float32:
    """Return the sensor's tone curve: (4096,) display values 0-255 of linear light ``4 * (i / 4095) ** 2``."""
    light = _WHITE * np.linspace(0, 1, _STEPS, dtype=np.float32) ** 2
    if sensor.curve == "plain":
        shown = _srgb(_shoulder(light, 0.8))
    elif sensor.curve == "film":
        shown = _steepened(_srgb(_shoulder(light, 0.55)), 0.35)
    elif sensor.curve == "phone":  # shadows lifted, highlights held back
        shown = _srgb(_shoulder(light * (1 + 0.5 / (1 + 12 * light)), 0.4))
        shown = _steepened(shown, 0.15)
    else:
        shown = 0.045 + 0.9 * _srgb(_shoulder(light, 0.6))
    return np.asarray(255 * np.clip(_steepened(shown, sensor.contrast), 0, 1), np.float32)


def _srgb(light: Float32) -> Float32:
    bright = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.asarray(np.where(light <= 0.0031308, 12.92 * light, bright), np.float32)


def _shoulder(light: Float32, start: float) -> Float32:
    """Bend light above ``start`` so that it nears 1 and never jumps."""
    room = 1 - start
    return np.asarray(np.where(light > start, start + room * np.tanh((light - start) / room), light), np.float32)


def _steepened(shown: Float32, amount: float) -> Float32:
    """Mix a display value with an S-curve through 0, 1/2 and 1 (or, negative, with its mirror image)."""
    clipped = np.clip(shown, 0, 1)
    bend = clipped * clipped * (3 - 2 * clipped) - clipped
    return np.asarray(shown + amount * bend, np.float32)


def _scale(picture: Float32) -> float:
    return float(picture.shape[0]) / 256


def _resized(light: Float32, size: int | None) -> Float32:
    height, width = light.shape[:2]
    if size is None or size == height:
        return light
    way = cv2.INTER_AREA if size < height else cv2.INTER_LINEAR
    return cast(Float32, cv2.resize(light, (round(width * size / height), size), interpolation=way))


def _through_lens(light: Float32, sensor: Sensor) -> Float32:
    """Apply aberration, defocus and motion blur; may give back its argument."""
    scale = _scale(light)
    if sensor.aberration * scale > 0.05:
        light = _aberrated(light, sensor.aberration / 128)
    if sensor.defocus * scale > 0.2:
        light = cv2.GaussianBlur(light, (0, 0), sensor.defocus * scale)
    if sensor.motion * scale > 0.5:
        light = cv2.filter2D(light, -1, motion_kernel(sensor.motion * scale, sensor.motion_angle))
    return light


def _aberrated(light: Float32, amount: float) -> Float32:
    """Enlarge red and shrink blue about the middle by a share of the distance from it."""
    height, width = light.shape[:2]
    channels = list(cv2.split(light))
    for channel, change in ((0, amount), (2, -amount)):
        zoom = 1 + change
        matrix = np.array([[zoom, 0, -change * (width - 1) / 2], [0, zoom, -change * (height - 1) / 2]], np.float32)
        channels[channel] = cv2.warpAffine(channels[channel], matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return cast(Float32, cv2.merge(channels))


def motion_kernel(length: float, angle: float) -> Float32:
    """Return a (k, k) kernel, sum 1: a line of ``length`` pixels at ``angle`` degrees (0 along x, 90 along y)."""
    reach = math.ceil(length / 2)
    kernel = np.zeros((2 * reach + 3, 2 * reach + 3), np.float32)
    along = np.linspace(-length / 2, length / 2, 8 * reach + 1)
    x = along * math.cos(math.radians(angle)) + reach + 1
    y = along * math.sin(math.radians(angle)) + reach + 1
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        share = np.abs(1 - right - (x - left)) * np.abs(1 - down - (y - top))
        np.add.at(kernel, (top + down, left + right), share)
    kernel /= kernel.sum()
    return kernel


def _colour_matrix(sensor: Sensor) -> Float32:
    """Return (3, 3): colour cast, then saturation that keeps luminance."""
    saturation = np.float32(sensor.saturation)
    mix = saturation * np.eye(3, dtype=np.float32) + (1 - saturation) * np.tile(_LUMINANCE, (3, 1))
    return np.asarray(mix * np.array(sensor.cast, np.float32), np.float32)


def _vignette(light: Float32, strength: float) -> None:
    """Darken the corners in place."""
    if strength <= 0:
        return
    height, width = light.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    light *= (1 - strength * (x * x + y * y) / 2)[..., None]


def _noise(light: Float32, sensor: Sensor, gain: float, random: np.random.Generator) -> Float32:
    """Return (H, W, 3) noise: fine in brightness, coarser and weaker in colour, as demosaiced sensors give it."""
    height, width = light.shape[:2]
    fine = random.standard_normal((height, width, 1), np.float32)
    coarse = random.standard_normal((height // 2 + 1, width // 2 + 1, 3), np.float32)
    grain = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    grain *= np.float32(0.6)
    grain += fine
    size = np.maximum(light, 0) * np.float32(sensor.shot * gain)
    size += np.float32((sensor.read * gain) ** 2)
    grain *= cv2.sqrt(size)
    return cast(Float32, grain)


def _table_index(light: Float32) -> NDArray[np.uint16]:
    """Return where linear light stands in :func:`tone_table`."""
    held = np.clip(light, 0, np.float32(_WHITE))
    return cast("NDArray[np.uint16]", (cv2.sqrt(held) * ((_STEPS - 1) / math.sqrt(_WHITE)) + 0.5).astype(np.uint16))

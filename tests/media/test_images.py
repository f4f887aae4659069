"""Pictures of every kind against pillow, and everything that must be refused."""

import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from actionunits.errors import MediaError
from actionunits.media import MAX_PIXELS, read_image, read_image_frame
from actionunits.media.headers import read_header
from actionunits.media.pixels import matrix_orientation, over_white, to_8_bits, upright

MODES = {
    "png": "RGB L P 1 RGBA LA",
    "jpg": "RGB L 1 CMYK",
    "webp": "RGB L P 1 RGBA LA",
    "tif": "RGB L P 1 CMYK RGBA LA",
    "bmp": "RGB L P 1 RGBA",
}


def oracle(path: Path) -> np.ndarray:
    """What pillow sees: upright, transparency over white, 8 bits."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        white.alpha_composite(image.convert("RGBA"))
        image = white
    if image.mode.startswith("I"):
        grey = np.rint(np.asarray(image).astype(float) * 255 / 65535).astype(np.uint8)
        image = Image.fromarray(grey)
    return np.asarray(image.convert("RGB")).astype(int)


def assert_matches(path: Path, tolerance: int = 0) -> None:
    image = read_image(path)
    expected = oracle(path)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [(suffix, mode) for suffix, modes in MODES.items() for mode in modes.split()],
)
def test_modes_match_pillow(tmp_path: Path, scene: np.ndarray, mode: str, suffix: str) -> None:
    alpha = np.linspace(0, 255, scene.shape[1]).astype(np.uint8)[None].repeat(scene.shape[0], 0)
    transparent = Image.fromarray(np.dstack([scene, alpha]))
    image = transparent.convert(mode) if mode in ("RGBA", "LA") else Image.fromarray(scene).convert(mode)
    path = tmp_path / f"picture.{suffix}"
    image.save(path, **({"lossless": True, "exact": True} if suffix == "webp" else {}))
    assert_matches(path, tolerance=1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_orientation(tmp_path: Path, scene: np.ndarray, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(scene).save(path, exif=exif.tobytes(), **options)
    assert_matches(path)
    assert read_image(path).shape == ((64, 48, 3) if orientation >= 5 else (48, 64, 3))


def test_orientation_of_big_endian_tiff(tmp_path: Path, scene: np.ndarray) -> None:
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "big-endian.tif"
    tifffile.imwrite(path, scene, photometric="rgb", byteorder=">", extratags=[(0x0112, 3, 1, 6, True)])
    np.testing.assert_array_equal(read_image(path), np.rot90(scene, -1))


def test_display_matrix_turns_as_it_says() -> None:
    """A display matrix and an EXIF orientation must move a picture's corner to the same place."""
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = 255
    matrices = [(1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1), (0, 1, 1, 0), (0, 1, -1, 0)]
    for a, b, c, d in [*matrices, (0, -1, -1, 0), (0, -1, 1, 0)]:
        turned = upright(image, matrix_orientation([a, b, 0, c, d, 0, 0, 0, 1]))
        height, width = turned.shape[:2]
        column = 0 if a + c > 0 else width - 1
        row = 0 if b + d > 0 else height - 1
        assert turned[row, column, 0] == 255
        assert turned.sum() == 3 * 255


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled(tmp_path: Path, suffix: str) -> None:
    ramp = np.linspace(0, 65535, 48 * 64).astype(np.uint16).reshape(48, 64)
    grey, color = tmp_path / f"grey.{suffix}", tmp_path / f"color.{suffix}"
    cv2.imwrite(str(grey), ramp)
    cv2.imwrite(str(color), np.dstack([ramp, ramp.T.reshape(48, 64), ramp[::-1]]))
    expected = np.rint(ramp / 257.0)
    np.testing.assert_array_equal(read_image(grey)[..., 1], expected)
    np.testing.assert_array_equal(read_image(color)[..., 2], expected)
    np.testing.assert_array_equal(read_image(color)[..., 0], expected[::-1])


def test_sixteen_bit_transparency(tmp_path: Path, scene: np.ndarray) -> None:
    alpha = np.full((48, 64, 1), 128, np.uint8)
    path = tmp_path / "rgba16.png"
    cv2.imwrite(str(path), np.dstack([scene[..., ::-1], alpha]).astype(np.uint16) * 257)
    expected = scene * (128 / 255) + 255 * (1 - 128 / 255)
    assert np.abs(read_image(path) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["rgb", "grey"])
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha"])
@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_transparency(tmp_path: Path, scene: np.ndarray, mode: str, extra: str, bits: int) -> None:
    tifffile = pytest.importorskip("tifffile")
    color = scene if mode == "rgb" else scene[..., :1]
    alpha = np.linspace(20, 255, 64).astype(np.uint8)[None, :, None].repeat(48, 0)
    opacity = alpha / 255
    stored = np.rint(color * opacity) if extra == "assocalpha" else color
    samples = np.dstack([stored, alpha]).astype(np.uint8)
    path = tmp_path / "alpha.tif"
    data = samples if bits == 8 else samples.astype(np.uint16) * 257
    photometric = "rgb" if mode == "rgb" else "minisblack"
    tifffile.imwrite(path, data, photometric=photometric, extrasamples=[extra], planarconfig="contig")
    expected = color * opacity + 255 * (1 - opacity)
    assert np.abs(read_image(path) - expected).max() <= 1.5


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_jpeg_is_not_inverted(tmp_path: Path, adobe: bool) -> None:
    """Adobe writes CMYK upside down and so does everyone since; with or without its marker red must come out red."""
    path = tmp_path / "cmyk.jpg"
    Image.new("RGB", (32, 32), (220, 30, 30)).convert("CMYK").save(path, quality=95)
    data = path.read_bytes()
    marker = data.find(b"\xff\xee")
    assert data[marker + 4 : marker + 9] == b"Adobe"
    if not adobe:
        path.write_bytes(data[:marker] + data[marker + 16 :])
    assert np.abs(read_image(path)[16, 16].astype(int) - (220, 30, 30)).max() <= 4


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_transparent_color_of_png(tmp_path: Path, scene: np.ndarray, mode: str) -> None:
    image = Image.fromarray(scene).convert(mode)
    path = tmp_path / "key.png"
    image.save(path, transparency=image.getpixel((20, 10)))
    assert_matches(path)
    assert read_image(path)[10, 20].tolist() == [255, 255, 255]


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4"])
def test_compressed_tiff(tmp_path: Path, scene: np.ndarray, compression: str) -> None:
    path = tmp_path / "compressed.tif"
    Image.fromarray(scene).convert("1" if compression == "group4" else "RGB").save(path, compression=compression)
    assert_matches(path, tolerance=1)


def test_progressive_jpeg_with_thumbnail_and_trailer(tmp_path: Path, scene: np.ndarray) -> None:
    """An EXIF thumbnail holds an end marker of its own, and phones append data after the real one."""
    path = tmp_path / "phone.jpg"
    Image.fromarray(scene).resize((16, 12)).save(path)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 0) + b"\0\0\0\0" + path.read_bytes()
    Image.fromarray(scene).save(path, progressive=True, quality=95, exif=exif)
    expected = oracle(path)
    path.write_bytes(path.read_bytes() + b"MotionPhoto" * 100)
    assert np.abs(read_image(path) - expected).max() <= 1


def test_unicode_path_and_wrong_suffix(tmp_path: Path, scene: np.ndarray) -> None:
    path = tmp_path / "größe 顔 é.txt"
    Image.fromarray(scene).save(path, format="PNG")
    frame = read_image_frame(path)
    assert (frame.source, frame.index, frame.timestamp) == (str(path), 0, 0.0)
    np.testing.assert_array_equal(frame.image, scene)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp"])
@pytest.mark.parametrize("keep", [0.02, 0.3, 0.7, 0.97])
def test_truncated(tmp_path: Path, suffix: str, keep: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(MediaError, match=r"cut\.\w+: .*cut off.*\. \w+"):
        read_image(path)


def test_damaged_png(tmp_path: Path, scene: np.ndarray) -> None:
    path = tmp_path / "damaged.png"
    Image.fromarray(scene).save(path)
    data = bytearray(path.read_bytes())
    data[data.find(b"IDAT") + 30] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(MediaError, match="checksum"):
        read_image(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"this is text, whatever its name says\n" * 20, "not a picture"),
        (b"\xff\xd8\xff", "cut off"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(300), "cut off"),
        (b"\x89PNG\r\n\x1a\n", "cut off"),
        (b"II*\0\x08\0\0\0", "cut off"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "no pixels"),
        (b"GIF89a" + bytes(30), "GIF"),
        (b"\0\0\0\x18ftypheic" + bytes(30), "HEIC"),
        (b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0" + bytes(8), "animated WebP"),
        (b"RIFF\x04\0\0\0WEBP", "no size"),
    ],
)
def test_refused_content(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "face.jpg"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=reason) as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_missing_folder_and_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MediaError, match="no such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(MediaError, match="folder"):
        read_image(tmp_path)
    path = tmp_path / "secret.png"
    Image.new("RGB", (4, 4)).save(path)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MediaError, match=r"secret\.png: .*Permission denied.*permissions"):
        read_image(path)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_samples_without_white_are_refused(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "measurement.tif"
    Image.new(mode, (8, 8)).save(path)
    with pytest.raises(MediaError, match="without a stated white"):
        read_image(path)


def png_bomb(side: int) -> bytes:
    """A PNG of ``side`` x ``side`` black pixels in a few kilobytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = bytes(1 + side * 3)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_bomb_is_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_bomb(14_143))
    assert 14_143**2 > 200_000_000 > MAX_PIXELS
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    tracemalloc.start()
    try:
        with pytest.raises(MediaError, match=r"14143 x 14143 pixels are more than the 150,000,000"):
            read_image(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp"])
def test_header_states_the_size(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"size.{suffix}"
    Image.new("RGB", (37, 21)).save(path)
    header = read_header(path.read_bytes(), path)
    assert (header.width, header.height) == (37, 21)


def test_over_white_and_scaling_against_loops() -> None:
    random = np.random.default_rng(0)
    color = random.integers(0, 256, (300, 4, 3), dtype=np.uint8)
    alpha = random.integers(0, 256, (300, 4), dtype=np.uint8)
    result = over_white(color, alpha)
    for row, column in np.ndindex(300, 4):
        opacity = alpha[row, column] / 255
        expected = color[row, column] * opacity + 255 * (1 - opacity)
        assert np.abs(result[row, column] - expected).max() <= 0.5001
    deep = np.arange(65536, dtype=np.uint16).reshape(512, 128, 1)
    np.testing.assert_array_equal(to_8_bits(deep), np.rint(deep / 257.0))

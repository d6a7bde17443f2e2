"""Pictures that leave: scaled down below a limit, and known again after somebody compressed them anew."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from fbbackup.destinations import GraphDestination, GraphTarget
from fbbackup.errors import BadPicture, UploadRefused
from fbbackup.http import HostRules, Http
from fbbackup.models import Outgoing
from fbbackup.simulator import Library, Simulator
from fbbackup.simulator.publishing import recompressed
from fbbackup.thumbnails.outgoing import alike, animated, fitted


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    sim = Simulator(Library(album_sizes=(8,), largest=640, odd=False))
    found = [sim.largest_bytes(id_) for id_ in sim.library.photo_ids()]
    return [body for body in found if body[:2] == b"\xff\xd8"]


def test_a_picture_is_alike_itself_compressed_anew_and_no_other(pictures: list[bytes]) -> None:
    for number, body in enumerate(pictures):
        assert alike(body, recompressed(body))
        assert not any(alike(body, other) for place, other in enumerate(pictures) if place != number)


def test_what_is_no_picture_is_like_nothing(pictures: list[bytes]) -> None:
    assert not alike(pictures[0], b"no picture")


def test_a_picture_that_is_too_large_is_made_to_fit() -> None:
    out = io.BytesIO()
    Image.effect_noise((1500, 1000), 90).convert("RGB").save(out, "PNG")
    small = fitted(out.getvalue(), 400_000)
    assert len(small) < 400_000
    with Image.open(io.BytesIO(small)) as picture:
        assert (picture.format, round(picture.width / picture.height, 2)) == ("JPEG", 1.5)
    with pytest.raises(BadPicture):
        fitted(out.getvalue(), 1000)


def noisy(size: tuple[int, int], **how: Any) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(out, **{"format": "JPEG", "quality": 95, **how})
    return out.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_smaller_copy_stands_upright(orientation: int) -> None:
    quarters = Image.new("RGB", (1200, 800))
    for number, color in enumerate(("red", "lime", "blue", "white")):
        quarters.paste(Image.new("RGB", (600, 400), color), (number % 2 * 600, number // 2 * 400))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    quarters.save(out, "JPEG", exif=exif)
    small = Image.open(io.BytesIO(fitted(out.getvalue(), 100_000)))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(out.getvalue())))
    assert small.getexif().get(0x0112, 1) == 1
    assert small.size == upright.size
    for place in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75)]:
        at = round(place[0] * small.width), round(place[1] * small.height)
        found, wanted = small.getpixel(at), upright.getpixel(at)
        assert isinstance(found, tuple)
        assert isinstance(wanted, tuple)
        assert max(abs(one - other) for one, other in zip(found, wanted, strict=True)) < 12


def test_a_smaller_copy_has_the_colours_of_the_profile() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    swapped = bytearray(lab.tobytes())
    red, green = swapped.index(b"rXYZ"), swapped.index(b"gXYZ")
    swapped[red + 4 : red + 8], swapped[green + 4 : green + 8] = (
        swapped[green + 4 : green + 8], swapped[red + 4 : red + 8],
    )  # fmt: skip
    out = io.BytesIO()
    Image.new("RGB", (300, 200), (250, 5, 5)).save(out, "JPEG", icc_profile=bytes(swapped), quality=95)
    small = Image.open(io.BytesIO(fitted(out.getvalue(), 100_000)))
    pixel = small.getpixel((100, 100))
    assert isinstance(pixel, tuple)
    assert pixel[1] > 200 > 60 > pixel[0], "red of this profile is green"
    assert "icc_profile" not in small.info


def test_a_smaller_copy_is_not_compressed_twice() -> None:
    body = noisy((1200, 900))
    small = Image.open(io.BytesIO(fitted(body, len(body) + 1)))
    once = io.BytesIO()
    Image.open(io.BytesIO(body)).save(once, "JPEG", quality=92, optimize=True)
    difference = ImageChops.difference(small.convert("L"), Image.open(once).convert("L"))
    assert ImageStat.Stat(difference).mean[0] < 0.5


GPANO = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' dc:creator="Ada Secret" GPano:ProjectionType="equirectangular" GPano:FullPanoWidthPixels="7000"'
    ' GPano:CroppedAreaImageWidthPixels="7000"><GPano:FullPanoHeightPixels>3500</GPano:FullPanoHeightPixels>'
    "<GPano:CroppedAreaImageHeightPixels>3500</GPano:CroppedAreaImageHeightPixels>"
    "<GPano:PoseHeadingDegrees>-90.5</GPano:PoseHeadingDegrees></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def test_a_smaller_copy_of_a_sphere_still_says_that_it_is_one() -> None:
    body = noisy((7000, 3500), quality=30, xmp=GPANO.encode())
    small = Image.open(io.BytesIO(fitted(body, 10_000_000)))
    said = small.info["xmp"].decode()
    assert (small.width, small.height) == (6000, 3000)
    for name, value in [
        ("ProjectionType", "equirectangular"), ("FullPanoWidthPixels", 6000), ("FullPanoHeightPixels", 3000),
        ("CroppedAreaImageWidthPixels", 6000), ("CroppedAreaImageHeightPixels", 3000), ("PoseHeadingDegrees", -90.5),
    ]:  # fmt: skip
        assert f'GPano:{name}="{value}"' in said
    assert "Secret" not in said
    assert "xmp" not in Image.open(io.BytesIO(fitted(noisy((200, 100), xmp=b"<x>Ada Secret</x>"), 100_000))).info


@pytest.mark.parametrize(
    "said",
    ['GPano:FullPanoWidthPixels="1"', 'GPano:ProjectionType="a" GPano:FullPanoWidthPixels="x" GPano:Full=""',
     'GPano:ProjectionType="a" GPano:FullPanoHeightPixels="99999999999999999999"', "\0\xff GPano:", ""],
)  # fmt: skip
def test_nonsense_about_spheres_does_no_harm(said: str) -> None:
    assert fitted(noisy((200, 100), xmp=said.encode("latin-1")), 100_000)


def test_a_picture_of_a_monstrous_size_is_no_surprise() -> None:
    gif = bytearray(moving("GIF", 2))
    gif[6:10] = b"\xff\xff\xff\xff"
    assert animated(bytes(gif))
    with pytest.raises(BadPicture, match="too large to be decoded"):
        fitted(bytes(gif), 100_000)


def moving(kind: str, frames: int) -> bytes:
    first, *others = (Image.new("RGB", (40, 30), (number * 60, 0, 0)) for number in range(frames))
    out = io.BytesIO()
    first.save(out, kind, save_all=True, append_images=others, duration=100)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_moving_pictures_are_told_from_still_ones(kind: str) -> None:
    assert animated(moving(kind, 3))
    assert not animated(moving(kind, 1))
    assert not animated(moving(kind, 3)[:40])
    assert not animated(fitted(moving(kind, 3), 100_000))


async def test_a_page_is_sent_no_moving_picture() -> None:
    http = Http(HostRules.of("http://127.0.0.1:9"))
    page = GraphDestination(GraphTarget("page", "1", "token-of-a-page", alike, animated=animated), http)
    still, gif = moving("GIF", 1), moving("GIF", 2)
    page.check(Outgoing("1", still, "image/gif", 40, 30))
    with pytest.raises(UploadRefused, match="animated"):
        page.check(Outgoing("1", gif, "image/gif", 40, 30))
    await http.close()

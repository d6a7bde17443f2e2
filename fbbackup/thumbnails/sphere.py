"""What a 360° picture says of its projection, for a smaller copy of it."""

from __future__ import annotations

import re

_SAID = re.compile(
    rb'\bGPano:(\w{1,40})(?:\s*=\s*"([\w.+-]{1,40})"|\s*=\s*\'([\w.+-]{1,40})\'|>\s*([\w.+-]{1,40})\s*</GPano:)'
)
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" {}/></rdf:RDF></x:xmpmeta>'
)


def sphere_of(xmp: bytes, scale: float) -> bytes:
    """An XMP packet with the projection alone (`GPano`), pixels in the scale of the copy; empty for flat pictures."""
    said = {
        name.decode(): next(value for value in values if value).decode()
        for name, *values in _SAID.findall(xmp[: 1 << 16])
    }
    if "ProjectionType" not in said:
        return b""
    pixels = {name: int(value) for name, value in said.items() if _is_pixels(name, value)}
    small = {name: round(value * scale) for name, value in pixels.items()}
    if pixels.get("FullPanoWidthPixels") == 2 * pixels.get("FullPanoHeightPixels", 0):
        small["FullPanoWidthPixels"] = 2 * small["FullPanoHeightPixels"]
    words = " ".join(f'GPano:{name}="{small.get(name, value)}"' for name, value in said.items())
    return _PACKET.format(words).encode()


def _is_pixels(name: str, value: str) -> bool:
    return name.endswith("Pixels") and value.isascii() and value.isdigit() and len(value) < 10

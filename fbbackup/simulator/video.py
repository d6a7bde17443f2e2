"""A small film made by hand: a sun that crosses the sky, different for every video, in an MP4 that browsers play."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from fbbackup.simulator import h264
from fbbackup.simulator.dice import roll

SIDE = 240
_ACROSS = SIDE // 16
_BLOCKS = _ACROSS * _ACROSS
_GROUND = 11
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TIMESCALE = 1000
_FRAME = 500
_DISC = [(x - 7.5) ** 2 + (y - 7.5) ** 2 < 49 for y in range(16) for x in range(16)]


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 8) + kind + payload


def _movie_header(duration: int) -> bytes:
    head = struct.pack(">IIIII", 0, 0, 0, _TIMESCALE, duration)
    return _box(b"mvhd", head + struct.pack(">IHH8x", 0x10000, 0x0100, 0) + _MATRIX + bytes(24) + struct.pack(">I", 2))


def _track(duration: int, tables: bytes) -> bytes:
    head = struct.pack(">IIIIII8xHHHH", 7, 0, 0, 1, 0, duration, 0, 0, 0, 0) + _MATRIX
    header = _box(b"tkhd", head + struct.pack(">II", SIDE << 16, SIDE << 16))
    media_header = _box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, _TIMESCALE, duration, 0x55C4, 0))
    kind = _box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide") + b"simulator\0")
    where = _box(b"dinf", _box(b"dref", struct.pack(">II", 0, 1) + _box(b"url ", struct.pack(">I", 1))))
    information = _box(b"minf", _box(b"vmhd", struct.pack(">IHHHH", 1, 0, 0, 0, 0)) + where + _box(b"stbl", tables))
    return _box(b"trak", header + _box(b"mdia", media_header + kind + information))


def _tables(duration: int, sizes: Sequence[int], at: int) -> bytes:
    """How the media data, which begins `at` this byte of the file, is cut into frames."""
    sets = h264.sequence(_ACROSS, _ACROSS), h264.picture()
    settings = b"\1" + sets[0][1:4] + b"\xff\xe1" + struct.pack(">H", len(sets[0])) + sets[0]
    settings += b"\1" + struct.pack(">H", len(sets[1])) + sets[1]
    entry = struct.pack(">6xH16xHHIIIH32xHh", 1, SIDE, SIDE, 72 << 16, 72 << 16, 0, 1, 24, -1)
    count, last = len(sizes), duration - _FRAME * (len(sizes) - 1)
    return (
        _box(b"stsd", struct.pack(">II", 0, 1) + _box(b"avc1", entry + _box(b"avcC", settings)))
        + _box(b"stts", struct.pack(">6I", 0, 2, count - 1, _FRAME, 1, last))
        + _box(b"stss", struct.pack(">3I", 0, 1, 1))
        + _box(b"stsc", struct.pack(">5I", 0, 1, 1, count, 1))
        + _box(b"stsz", struct.pack(f">3I{count}I", 0, 0, count, *sizes))
        + _box(b"stco", struct.pack(">3I", 0, 1, at))
    )


def length_seconds(seed: int, number: int) -> float:
    """How long the video is."""
    return (1000 + roll(seed, number, 70) % 60_000) / 1000


def _backgrounds(seed: int, number: int) -> list[h264.Block]:
    """A block for each row: a sky that grows lighter downwards, and the ground."""
    top, blue, red = (roll(seed, number, 71, part) for part in range(3))
    rows = []
    for row in range(_ACROSS):
        bright = 50 + top % 60 + 8 * row if row < _GROUND else 70 - 9 * (row - _GROUND)
        cold = 118 + blue % 50 - row if row < _GROUND else 112 + blue % 12
        warm = 100 + red % 60 + row if row < _GROUND else 110 + red % 14
        slope = 8 if row < _GROUND else -9
        lines = b"".join(bytes([bright + slope * line // 16]) * 16 for line in range(16))
        rows.append(lines + bytes([cold]) * 64 + bytes([warm]) * 64)
    return rows


def _frames(seed: int, number: int, count: int) -> list[bytes]:
    rows = _backgrounds(seed, number)
    height, start = 1 + roll(seed, number, 72) % 6, roll(seed, number, 73) % _ACROSS
    sky = rows[height]
    sun = bytes(235 if inside else around for inside, around in zip(_DISC, sky, strict=False)) + sky[256:]
    places = [height * _ACROSS + (start + step) % _ACROSS for step in range(count)]
    blocks = [rows[place // _ACROSS] for place in range(_BLOCKS)]
    blocks[places[0]] = sun
    frames = [h264.first(blocks)]
    for step in range(1, count):
        frames.append(h264.following(step, {places[step - 1]: sky, places[step]: sun}, _BLOCKS))
    return [struct.pack(">I", len(frame)) + frame for frame in frames]


def mp4(seed: int, number: int) -> bytes:
    """The whole file, about a hundred kilobytes."""
    duration = int(length_seconds(seed, number) * _TIMESCALE)
    frames = _frames(seed, number, max(2, duration // _FRAME))
    kind = _box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2avc1mp41")
    sizes = [len(frame) for frame in frames]

    def movie(at: int) -> bytes:
        return _box(b"moov", _movie_header(duration) + _track(duration, _tables(duration, sizes, at)))

    return kind + movie(len(kind) + len(movie(0)) + 8) + _box(b"mdat", b"".join(frames))

"""A tiny MP4 made by hand: file type, movie header and media data boxes, different for every video."""

from __future__ import annotations

import struct

from fbbackup.simulator.dice import roll

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TIMESCALE = 1000


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 8) + kind + payload


def _movie_header(duration: int) -> bytes:
    head = struct.pack(">IIIII", 0, 0, 0, _TIMESCALE, duration)
    return _box(b"mvhd", head + struct.pack(">IHH8x", 0x10000, 0x0100, 0) + _MATRIX + bytes(24) + struct.pack(">I", 2))


def _track(duration: int) -> bytes:
    head = struct.pack(">IIIIII8xHHHH", 7, 0, 0, 1, 0, duration, 0, 0, 0, 0) + _MATRIX
    header = _box(b"tkhd", head + struct.pack(">II", 320 << 16, 240 << 16))
    media_header = _box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, _TIMESCALE, duration, 0x55C4, 0))
    kind = _box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide") + b"simulator\0")
    where = _box(b"dinf", _box(b"dref", struct.pack(">II", 0, 1) + _box(b"url ", struct.pack(">I", 1))))
    tables = _box(b"stsd", struct.pack(">II", 0, 0))
    tables += _box(b"stts", struct.pack(">II", 0, 0)) + _box(b"stsc", struct.pack(">II", 0, 0))
    tables += _box(b"stsz", struct.pack(">III", 0, 0, 0)) + _box(b"stco", struct.pack(">II", 0, 0))
    information = _box(b"minf", _box(b"vmhd", struct.pack(">IHHHH", 1, 0, 0, 0, 0)) + where + _box(b"stbl", tables))
    return _box(b"trak", header + _box(b"mdia", media_header + kind + information))


def length_seconds(seed: int, number: int) -> float:
    """How long the video says it is."""
    return (1000 + roll(seed, number, 70) % 60_000) / 1000


def mp4(seed: int, number: int) -> bytes:
    """The whole file, some tens of kilobytes."""
    duration = int(length_seconds(seed, number) * _TIMESCALE)
    movie = _box(b"moov", _movie_header(duration) + _track(duration))
    words = 2000 + roll(seed, number, 71) % 4000
    data = b"".join(struct.pack(">Q", roll(seed, number, 72, word)) for word in range(words))
    return _box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41") + movie + _box(b"mdat", data)

"""Forty zips that mean harm or are broken, each with the same good photo in it, made by writing the bytes by hand."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.exports.truth import jpeg

GOOD = "your_facebook_activity/posts/media/Trip_10150000000000900/10150000000000001.jpg"
GOOD_BODY = jpeg(77)


@dataclass(frozen=True)
class Entry:
    """One entry; what is None is told truly, everything else is the lie to tell."""

    name: bytes
    body: bytes = b"x"
    method: int = 0
    flags: int = 0
    mode: int = 0o100644
    crc: int | None = None
    size: int | None = None
    packed: int | None = None
    offset: int | None = None
    extra: bytes = b""
    local_name: bytes | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Zip:
    entries: tuple[Entry, ...]
    prefix: bytes = b""
    suffix: bytes = b""
    comment: bytes = b""
    count: int | None = None
    directory_offset: int | None = None
    directory_size: int | None = None
    cut: int | None = None


def deflated(body: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeeze.compress(body) + squeeze.flush()


def build(made: Zip) -> bytes:
    """The bytes of the zip."""
    out, directory, offsets = bytearray(made.prefix), bytearray(), []
    for entry in made.entries:
        data = entry.data if entry.data is not None else entry.body if entry.method == 0 else deflated(entry.body)
        crc = zlib.crc32(entry.body) if entry.crc is None else entry.crc
        size = len(entry.body) if entry.size is None else entry.size
        packed = len(data) if entry.packed is None else entry.packed
        name = entry.name if entry.local_name is None else entry.local_name
        offsets.append(len(out) - len(made.prefix) if entry.offset is None else entry.offset)
        out += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, entry.flags, entry.method, 0, 0x5A64, crc,
                           packed & 0xFFFFFFFF, size & 0xFFFFFFFF, len(name), 0) + name + data  # fmt: skip
        directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 0x0314, 20, entry.flags, entry.method, 0, 0x5A64,
                                 crc, packed & 0xFFFFFFFF, size & 0xFFFFFFFF, len(entry.name), len(entry.extra), 0, 0,
                                 0, (entry.mode << 16) & 0xFFFFFFFF, offsets[-1] & 0xFFFFFFFF)  # fmt: skip
        directory += entry.name + entry.extra
    count = len(made.entries) if made.count is None else made.count
    start = len(out) - len(made.prefix) if made.directory_offset is None else made.directory_offset
    size = len(directory) if made.directory_size is None else made.directory_size
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, size, start, len(made.comment))
    whole = bytes(out) + bytes(directory) + end + made.comment + made.suffix
    return whole[: made.cut] if made.cut is not None else whole


@dataclass(frozen=True)
class Hostile:
    """A zip, whether its good photo has to come in, and a word of the reason that has to be told."""

    name: str
    make: Callable[[], bytes]
    good: bool
    told: str
    flawless: bool = field(default=False)


def _with(*bad: Entry, good_first: bool = True) -> Zip:
    good = Entry(GOOD.encode(), GOOD_BODY)
    return Zip((good, *bad) if good_first else (*bad, good))


def _overlapping(times: int) -> bytes:
    good = Entry(GOOD.encode(), GOOD_BODY)
    kernel = Entry(b"a/0.jpg", bytes(100_000), method=8)
    first = 30 + len(good.name) + len(GOOD_BODY)
    copies = tuple(replace(kernel, name=f"a/{n}.jpg".encode(), offset=first) for n in range(times))
    return build(Zip((good, *copies)))


def _named(name: str) -> Callable[[], bytes]:
    return lambda: build(_with(Entry(name.encode("utf-8", "surrogateescape"), jpeg(5))))


def _entry(**lies: object) -> Callable[[], bytes]:
    fields = {"name": b"posts/media/x_1/bad.jpg", "body": jpeg(5), **lies}
    return lambda: build(_with(Entry(**fields)))  # type: ignore[arg-type]


def many(count: int) -> bytes:
    """So many empty entries, and the good one at the start; written without keeping them as objects."""
    good = Entry(GOOD.encode(), GOOD_BODY)
    head = build(Zip((good,)))
    local = head[: 30 + len(good.name) + len(GOOD_BODY)]
    directory = [head[len(local) : -22]]
    out = [local]
    at = len(local)
    for number in range(count):
        name = b"m/%07d.jpg" % number
        out.append(struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name)
        directory.append(struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0,
                                     0, 0, at) + name)  # fmt: skip
        at += 30 + len(name)
    told = b"".join(directory)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count + 1, count + 1, len(told), at)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at + len(told), 1)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return b"".join([*out, told, record, locator, end])


def zip64(*values: int) -> bytes:
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def _bomb() -> bytes:
    return build(_with(Entry(b"posts/media/x_1/bomb.jpg", bytes(64 << 20), method=8)))


def _lying_bomb() -> bytes:
    data = deflated(bytes(64 << 20))
    return build(_with(Entry(b"posts/media/x_1/bomb.jpg", b"x", method=8, data=data, size=1000)))


def _json(body: bytes, **lies: object) -> Callable[[], bytes]:
    fields = {"name": b"your_facebook_activity/posts/album/0.json", "body": body, "method": 8, **lies}
    return lambda: build(_with(Entry(**fields)))  # type: ignore[arg-type]


DEEP = b"[" * 100_000 + b"]" * 100_000
NESTED = build(Zip((Entry(b"inner.jpg", jpeg(6)),)))

HOSTILE = (
    Hostile("slip", _named("../../evil.jpg"), True, "leads out"),
    Hostile("slip inside", _named("a/../../evil.jpg"), True, "leads out"),
    Hostile("absolute", _named("/etc/evil.jpg"), True, "absolute"),
    Hostile("drive", _named("C:/evil.jpg"), True, "absolute"),
    Hostile("drive and backslash", _named("C:\\evil.jpg"), True, "absolute"),
    Hostile("backslash", _named("a\\..\\..\\evil.jpg"), True, "leads out"),
    Hostile("network path of Windows", _named("\\\\host\\share\\evil.jpg"), True, "absolute"),
    Hostile("network path", _named("//host/share/evil.jpg"), True, "absolute"),
    Hostile("nul", _named("a/evil.jpg\0.txt"), True, "forbidden"),
    Hostile("dot part", _named("a/./evil.jpg"), True, "no plain path"),
    Hostile("empty part", _named("a//evil.jpg"), True, "no plain path"),
    Hostile("too deep", _named("d/" * 40 + "evil.jpg"), True, "too deep"),
    Hostile("long name", _named("n" * 60_000 + ".jpg"), True, "", flawless=True),
    Hostile("control letters", _named("a/\x1b[31mevil.jpg"), True, "", flawless=True),
    Hostile("symlink", _entry(mode=0o120777, body=b"/etc/passwd"), True, "symbolic link"),
    Hostile("device", _entry(mode=0o020666), True, "device"),
    Hostile("block device", _entry(mode=0o060666), True, "device"),
    Hostile("pipe", _entry(mode=0o010666), True, "pipe"),
    Hostile("encrypted", _entry(flags=1), True, "encrypted"),
    Hostile("strongly encrypted", _entry(flags=0x40), True, "encrypted"),
    Hostile("unknown method", _entry(method=99, data=b"abc"), True, "method 99"),
    Hostile("bzip2", _entry(method=12, data=b"abc"), True, "method 12"),
    Hostile("wrong checksum", _entry(crc=1), True, "checksum"),
    Hostile("size too small", _entry(body=jpeg(5), method=8, size=10), True, "more than its size"),
    Hostile("size too large", _entry(body=jpeg(5), method=8, size=900_000), True, "less than its size"),
    Hostile("stored sizes differ", _entry(size=3), True, "contradict"),
    Hostile("damaged stream", _entry(method=8, data=b"\xff" * 50), True, "damaged"),
    Hostile("beyond the end", _entry(packed=1 << 28, size=1 << 28), True, "beyond the end"),
    Hostile("offset beyond the end", _entry(offset=1 << 30), True, "beyond the end"),
    Hostile("offset at nothing", lambda: build(_with(Entry(b"a_1/bad.jpg", jpeg(5), offset=3), good_first=False)),
            False, "over each other"),
    Hostile("zip64 lies", _entry(size=0xFFFFFFFF, packed=0xFFFFFFFF, extra=zip64(1 << 60, 1 << 60)), True, "beyond"),
    Hostile("zip64 missing", _entry(size=0xFFFFFFFF, packed=0xFFFFFFFF), True, "zip64"),
    Hostile("bomb", _bomb, True, "bomb"),
    Hostile("lying bomb", _lying_bomb, True, "more than its size"),
    Hostile("overlap", lambda: _overlapping(50), False, "over each other"),
    Hostile("nested", lambda: build(_with(Entry(b"inner/42.zip", NESTED))), True, "", flawless=True),
    Hostile("same name twice", lambda: build(_with(Entry(GOOD.encode(), jpeg(9)))), True, "twice"),
    Hostile("same name in other case", lambda: build(_with(Entry(GOOD.upper().encode(), jpeg(9)))), True, "twice"),
    Hostile("prefix data", lambda: build(replace(_with(), prefix=b"#!/bin/sh\n" * 99)), True, "", flawless=True),
    Hostile("trailing data", lambda: build(replace(_with(), suffix=b"\0" * 3000)), True, "", flawless=True),
    Hostile("huge comment", lambda: build(replace(_with(), comment=b"PK\5\6" * 16_000)), True, "", flawless=True),
    Hostile("wrong end record", lambda: build(replace(_with(), directory_offset=1 << 31)), False, "points nowhere"),
    Hostile("wrong directory size", lambda: build(replace(_with(), directory_size=1 << 31)), False, "points nowhere"),
    Hostile("wrong count", lambda: build(replace(_with(), count=60_000)), True, "announces"),
    Hostile("cut in the directory", lambda: build(replace(_with(), cut=len(GOOD_BODY) + 150)), True, "cut off"),
    Hostile("cut in an entry", lambda: build(replace(_with(Entry(b"a_1/cut.jpg", jpeg(5))), cut=len(GOOD_BODY) + 400)),
            True, "cut off"),
    Hostile("cut at once", lambda: build(replace(_with(), cut=40)), False, "cut off"),
    Hostile("no zip", lambda: b"this is no zip" * 99, False, "no zip"),
    Hostile("nothing", lambda: b"", False, "no zip"),
    Hostile("deep JSON", _json(DEEP), True, "deeper than"),
    Hostile("broken JSON", _json(b'{"name": "Trip", "photos": [{"uri": "x.jpg"'), True, "ends too early"),
    Hostile("no JSON", _json(b"[nonsense]"), True, "can't be read"),
    Hostile("JSON of odd numbers", _json(b'[{"timestamp": 1e999, "data": [{"post": NaN}]}, ' + b"9" * 5000 + b"]"),
            True, "can't be read"),
    Hostile("one endless text", _json(b'["' + b"a" * (20 << 20) + b'"]', method=0), True, "larger than"),
)  # fmt: skip

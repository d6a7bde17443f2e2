"""Exports far larger than the memory: read entry by entry, texts and pictures alike."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

SIZE = 350_000
IN_AN_ALBUM = 1000
MOST_GROWN = 256 << 20

READ = """
import asyncio, resource, sys
from pathlib import Path
from fbbackup.mentions import Mention
from fbbackup.sources.export import open_export
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
export = open_export([Path(sys.argv[1])])
mentioned = sum(isinstance(piece, Mention) for piece in export.pieces())
read = sum(len(export.read(media)) for media in export.media())
print(mentioned, read, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) << 10)
"""


def sparse(path: Path, photos: int) -> None:
    """A zip in which every picture is a hole in the file, so that it takes next to no room."""
    crc, directory, count = zlib.crc32(bytes(SIZE)), [], 0
    with path.open("wb") as file:

        def entry(name: bytes, body: bytes | None) -> None:
            nonlocal count
            size, check = (SIZE, crc) if body is None else (len(body), zlib.crc32(body))
            at = file.tell()
            sizes = struct.pack("<III", check, size, size)
            file.write(struct.pack("<4sHHHHH", b"PK\3\4", 45, 0, 0, 0, 0x5A64) + sizes)
            file.write(struct.pack("<HH", len(name), 0) + name)
            file.write(body) if body is not None else file.seek(size, 1)
            extra = struct.pack("<HHQ", 1, 8, at)
            directory.append(struct.pack("<4sHHHHHH", b"PK\1\2", 45, 45, 0, 0, 0, 0x5A64) + sizes)
            directory.append(struct.pack("<HHHHHII", len(name), len(extra), 0, 0, 0, 0, 0xFFFFFFFF) + name + extra)
            count += 1

        for first in range(0, photos, IN_AN_ALBUM):
            folder = f"your_facebook_activity/posts/media/Album_{10150000000000000 + first}"
            names = [
                f"{folder}/{10151000000000000 + number}.jpg"
                for number in range(first, min(first + IN_AN_ALBUM, photos))
            ]
            nodes = [{"uri": name, "creation_timestamp": 1_300_000_000, "description": "words " * 9} for name in names]
            album = json.dumps({"name": f"Album {first}", "photos": nodes}).encode()
            entry(f"your_facebook_activity/posts/album/{first}.json".encode(), album)
            for name in names:
                entry(name.encode(), None)
        start, told = file.tell(), b"".join(directory)
        file.write(told)
        end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(told), start)
        file.write(end + struct.pack("<4sIQI", b"PK\6\7", 0, start + len(told), 1))
        file.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))


@pytest.mark.parametrize("photos", [3_000, pytest.param(143_000, marks=[pytest.mark.sweep, pytest.mark.timeout(1800)])])
def test_a_huge_export_is_read_in_little_memory(photos: int, tmp_path: Path) -> None:
    path = tmp_path / "facebook-ada-2025-01-02-abcdefgh.zip"
    sparse(path, photos)
    done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True, timeout=1700)
    mentioned, read, grown = map(int, done.stdout.split())
    print(f"an export of {read / 1e9:.1f} GB was read with {grown / 1e6:.0f} MB")
    assert (mentioned, read) == (photos, photos * SIZE)
    assert grown < MOST_GROWN

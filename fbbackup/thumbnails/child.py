"""Decodes pictures in a process of its own, with limits on memory and time, for bytes that nobody vouches for.

Run as `python -m fbbackup.thumbnails.child`: a request is two lengths and a body, a reply is JSON and a thumbnail.
"""

from __future__ import annotations

import json
import os
import resource
import select
import struct
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from datetime import datetime
from typing import BinaryIO

from fbbackup.errors import BadPicture
from fbbackup.models import Picture

MEMORY = 1 << 30
SECONDS = 20.0
_NEEDED = frozenset({"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV"})
_REQUEST, _REPLY = struct.Struct("<QI"), struct.Struct("<II")


class Decoders:
    """One child for each thread that asks. `examine` works as `fbbackup.thumbnails.examine` without a known size."""

    def __init__(self, *, memory: int = MEMORY, seconds: float = SECONDS) -> None:
        self._memory, self._seconds = memory, seconds
        self._threads = threading.local()
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def examine(self, body: bytes, thumbnail_size: int | None) -> tuple[Picture, str | None]:
        """The picture, and why it could not be decoded when only its kind is known. Raises BadPicture."""
        from fbbackup.thumbnails.sniff import EXTENSIONS, content_type_of

        content_type = content_type_of(body[:4096])
        if content_type.startswith("video/"):
            return Picture(content_type, EXTENSIONS[content_type], None, None), None
        try:
            return self._ask(body, thumbnail_size)
        except (OSError, EOFError, TimeoutError) as error:
            self._end_child()
            late = isinstance(error, TimeoutError)
            flaw = f"decoding it takes more than {self._seconds:g} s" if late else "decoding it takes too much memory"
            return Picture(content_type, EXTENSIONS[content_type], None, None), flaw

    def _ask(self, body: bytes, thumbnail_size: int | None) -> tuple[Picture, str | None]:
        child = self._child()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(_REQUEST.pack(len(body), thumbnail_size or 0))
        child.stdin.write(body)
        child.stdin.flush()
        deadline = time.monotonic() + self._seconds
        lengths = _REPLY.unpack(_exactly(child.stdout, _REPLY.size, deadline))
        said = json.loads(_exactly(child.stdout, lengths[0], deadline))
        thumbnail = _exactly(child.stdout, lengths[1], deadline) if lengths[1] else None
        if "bad" in said:
            raise BadPicture(said["bad"])
        if "flaw" in said:
            raise EOFError
        if said["taken_at"]:
            said["taken_at"] = datetime.fromisoformat(said["taken_at"])
        return replace(Picture(**said), thumbnail=thumbnail), None

    def _child(self) -> subprocess.Popen[bytes]:
        child: subprocess.Popen[bytes] | None = getattr(self._threads, "child", None)
        if child is None:
            command = [sys.executable, "-m", "fbbackup.thumbnails.child", str(self._memory)]
            child = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 20, env=_environ()
            )
            self._threads.child = child
            with self._lock:
                self._children.append(child)
        return child

    def _end_child(self) -> None:
        child: subprocess.Popen[bytes] = self._threads.child
        self._threads.child = None
        with self._lock:
            self._children.remove(child)
        _end(child)

    def close(self) -> None:
        """Ends all children; no thread may be asking."""
        with self._lock:
            for child in self._children:
                _end(child)
            self._children.clear()


def _environ() -> dict[str, str]:
    """What Python needs to start. The rest may hold tokens, and a bad picture could take over a child."""
    return {name: value for name, value in os.environ.items() if name in _NEEDED or name.startswith("PYTHON")}


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                # What was left to send can't be sent to a child that is gone.
                continue
    child.wait()


def _exactly(stream: object, count: int, deadline: float) -> bytes:
    """This many bytes before the deadline. Raises TimeoutError, EOFError."""
    assert hasattr(stream, "raw")
    found = bytearray()
    while len(found) < count:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([stream.raw], [], [], left)[0]:
            raise TimeoutError
        piece = stream.raw.read(count - len(found))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


def serve(requests: BinaryIO, replies: BinaryIO, memory: int) -> None:
    """Answers requests until they end."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    while head := requests.read(_REQUEST.size):
        length, size = _REQUEST.unpack(head)
        said, thumbnail = _examined(requests.read(length), size or None)
        text = json.dumps(said).encode()
        replies.write(_REPLY.pack(len(text), len(thumbnail)) + text + thumbnail)
        replies.flush()


def _examined(body: bytes, size: int | None) -> tuple[dict[str, object], bytes]:
    from fbbackup.thumbnails import examine

    try:
        picture = examine(body, thumbnail_size=size)
    except BadPicture as bad:
        flaw = isinstance(bad.__cause__, MemoryError)
        return ({"flaw": "memory"} if flaw else {"bad": str(bad)}), b""
    except MemoryError:
        return {"flaw": "memory"}, b""
    said = asdict(replace(picture, thumbnail=None))
    said["taken_at"] = picture.taken_at.isoformat() if picture.taken_at else None
    return said, picture.thumbnail or b""


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]))

"""The gallery as a server of its own: pages beside Datasette, thumbnails beside nginx, and its memory.

Figures: milliseconds of the first timeline page beside Datasette's page of the table of photos, on the same catalog;
thumbnails a second from one process beside nginx with one worker, over four connections that keep asking; memory in MB
after thousands of pages beside memory after the first hundreds. All are processes of their own, asked through loopback.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from benchmarks.figures import Figure, Missing, Pairs, need, show
from benchmarks.servers import nginx
from tests.web.many import fill

ROUNDS = 7
PAGES = 400
LINES = 4
BURST = 25
BURSTS = 40
LIMIT_MB = 150.0


@contextmanager
def _program(*command: str, **environ: str) -> Iterator[tuple[int, str]]:
    """A server that tells its address in its second line; its process id and that line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fbbackup", *command, "--port", "0"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **environ},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid, process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def _browser(link: str) -> httpx.Client:
    address = httpx.URL(link)
    client = httpx.Client(base_url=f"http://{address.host}:{address.port}", follow_redirects=True, timeout=120)
    client.get(link).raise_for_status()
    return client


def _milliseconds(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return 1000 * (time.perf_counter() - began)


def _memory_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1000


def _wander(client: httpx.Client, photos: int, pages: int) -> None:
    """What people do: jumps, pages of lists, photos, searches, thumbnails."""
    for _ in range(pages // 4):
        month = f"{2005 + random.randrange(20)}-{random.randrange(1, 13):02}"
        photo = 10**12 + random.randrange(photos)
        for path in (
            f"/?at={month}",
            f"/api/v1/photos?at={month}&limit=100",
            f"/photos/{photo}",
            f"/thumbnails/{photo}",
        ):
            client.get(path).raise_for_status()


def _rate(port: int, requests: Sequence[bytes], size: int) -> float:
    """Requests a second over several lines, each sending bursts; `size` is that of all answers to one burst."""

    def line(_: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as opened:
            for _ in range(BURSTS):
                opened.sendall(b"".join(requests))
                left = size
                while left:
                    left -= len(opened.recv(min(left, 1 << 20)))

    began = time.perf_counter()
    with ThreadPoolExecutor(LINES) as pool:
        list(pool.map(line, range(LINES)))
    return LINES * BURSTS * len(requests) / (time.perf_counter() - began)


def _burst_size(port: int, requests: Sequence[bytes]) -> int:
    """How many bytes a server answers to a burst, by asking until it is silent."""
    with socket.create_connection(("127.0.0.1", port)) as opened:
        opened.sendall(b"".join(requests))
        opened.settimeout(1)
        size = 0
        try:
            while found := opened.recv(1 << 20):
                size += len(found)
        except TimeoutError:
            return size
        raise RuntimeError("the server hung up")


def _get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


def _thumbnails(root: Path, client: httpx.Client) -> Figure:
    need("nginx")
    files = sorted((root / "thumbnails").rglob("*.webp"))[:BURST]
    items = client.get("/api/v1/photos", params={"limit": BURST}).json()["items"]
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    port = client.base_url.port or 0
    ours = [_get(f"/thumbnails/{one['id']}?v={one['version']}", f"Cookie: {cookie}\r\n") for one in items]
    with nginx(root / "thumbnails") as other:
        theirs = [_get(f"/{file.relative_to(root / 'thumbnails')}") for file in files]
        sizes = _burst_size(port, ours), _burst_size(other, theirs)
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            rates[0].append(_rate(port, ours, sizes[0]))
            rates[1].append(_rate(other, theirs, sizes[1]))
    return Pairs(*rates).figure("thumbnails from the gallery", "requests/s", "nginx, one worker", 0.25)


def _measure(root: Path, photos: int, state: Path) -> list[Figure]:
    environ = {"FBBACKUP_ARCHIVE": str(root), "XDG_STATE_HOME": str(state), "HOME": str(state)}
    figures = []
    with _program("serve", **environ) as (process, link), closing(_browser(link)) as client:
        _wander(client, photos, PAGES)
        early = _memory_mb(process)
        try:
            import datasette  # noqa: F401

            with _program("datasette", **environ) as (_, other), closing(_browser(other)) as tables:
                pairs = Pairs(
                    [statistics.median(_milliseconds(client, "/") for _ in range(5)) for _ in range(ROUNDS)],
                    [_milliseconds(tables, "/catalog/photos?_nofacet=1") for _ in range(ROUNDS)],
                )
            figures.append(
                pairs.figure(
                    f"gallery, first page, {photos:,} photos", "ms", "Datasette's table page", 0.02, at_most=True
                )
            )
        except ImportError:
            print("beside Datasette: skipped, datasette not installed")
        try:
            figures.append(_thumbnails(root, client))
        except Missing as missing:
            print(f"thumbnails: skipped, {missing}")
        _wander(client, photos, 4 * PAGES)
        late = _memory_mb(process)
    figures.append(
        Figure("gallery, memory after 2,000 pages", "MB", late, "the limit", LIMIT_MB, late / LIMIT_MB, 1, True)
    )
    figures.append(Figure("the same", "MB", late, f"after {PAGES} pages", early, late / early, 1.1, True))
    return figures


def run(photos: int = 100_000, root: Path | None = None) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="fbbackup-bench-") as folder:
        if root is None:
            root = Path(folder) / "archive"
            fill(root, photos)
        return show(_measure(root, photos, Path(folder)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--archive", type=Path, help="an archive that this made before, of so many photos")
    given = parser.parse_args()
    sys.exit(0 if run(given.photos, given.archive) else 1)

"""What people would put together from good tools instead: fetching, syncing, hashing, shrinking, a table."""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Cost, measured
from fbbackup.thumbnails.decode import QUALITY

SIZE = 320


def aria2(addresses: Sequence[str], folder: Path, connections: int = 16) -> None:
    listing = folder.with_suffix(".urls")
    listing.write_text("".join(f"{address}\n out={_name(address)}\n" for address in addresses))
    quiet = ["--quiet", "--no-conf", "--summary-interval=0", "--download-result=hide", "--file-allocation=none"]
    _run("aria2c", f"-j{connections}", *quiet, "-d", str(folder), "-i", str(listing))


def curl(addresses: Sequence[str], folder: Path, connections: int = 16) -> None:
    config = folder.with_suffix(".curl")
    config.write_text("".join(f'url = "{address}"\noutput = "{folder / _name(address)}"\n' for address in addresses))
    _run("curl", "-Z", "--parallel-max", str(connections), "--no-progress-meter", "--fail", "--config", str(config))


def sync() -> None:
    _run("sync")


def sha256sum(folder: Path) -> Path:
    """The sums of all files, on two cores."""
    sums = folder.with_suffix(".sums")
    listing = b"\0".join(os.fsencode(entry.path) for entry in os.scandir(folder))
    with sums.open("wb") as out:
        _run("xargs", "-0", "-P2", "-n100", "sha256sum", input=listing, stdout=out)
    return sums


def vipsthumbnail(folder: Path) -> None:
    """WebP thumbnails by two processes, each half of the files."""
    target = folder.with_suffix(".thumbnails")
    target.mkdir()
    paths = sorted(entry.path for entry in os.scandir(folder))
    options = ["--size", str(SIZE), "-o", f"{target}/%s.webp[Q={QUALITY},effort=0,strip]"]
    environ = os.environ | {"VIPS_CONCURRENCY": "1"}
    halves = [
        subprocess.Popen(["vipsthumbnail", *options, *half], env=environ, stderr=subprocess.DEVNULL)
        for half in (paths[::2], paths[1::2])
    ]
    assert [half.wait() for half in halves] == [0, 0]
    assert len(list(target.iterdir())) == len(paths)


def sqlite_import(folder: Path, sums: Path) -> None:
    """One row a file: sum, path, bytes."""
    rows = [line.split(maxsplit=1) for line in sums.read_text().splitlines()]
    table = folder.with_suffix(".csv")
    with table.open("w", newline="") as out:
        csv.writer(out).writerows((digest, path, os.stat(path).st_size) for digest, path in rows)
    script = f"CREATE TABLE files (sha256, path, bytes);\n.mode csv\n.import {table} files\n"
    _run("sqlite3", str(folder.with_suffix(".sqlite")), input=script.encode())


def download(fetch: str, addresses: Sequence[str], home: Path, *, connections: int = 16, table: bool) -> Cost:
    """Fetching by `aria2` or `curl`, then durable, with sums and, if asked for, a table of them."""
    folder = home / "files"
    folder.mkdir(parents=True)
    with measured() as cost:
        {"aria2": aria2, "curl": curl}[fetch](addresses, folder, connections)
        sync()
        sums = sha256sum(folder)
        if table:
            sqlite_import(folder, sums)
    assert len(os.listdir(folder)) == len(addresses) == len(sums.read_text().splitlines())
    return cost


def whole_run(addresses: Sequence[str], home: Path) -> Cost:
    """All that a run of fbbackup does, by one tool after the other."""
    folder = home / "files"
    folder.mkdir(parents=True)
    with measured() as cost:
        aria2(addresses, folder)
        sync()
        sums = sha256sum(folder)
        vipsthumbnail(folder)
        sqlite_import(folder, sums)
    return cost


def _name(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]


def _run(*command: str, **options: object) -> None:
    subprocess.run(command, check=True, **options)  # type: ignore[call-overload]

"""Servers that a benchmark starts and ends: nginx for pictures, the pretend Facebook, a slow link."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CONFIG = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    types {{ image/jpeg jpg; }}
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


@contextmanager
def nginx(root: Path) -> Iterator[int]:
    """Serves a folder on loopback; yields the port."""
    with tempfile.TemporaryDirectory(prefix="fbbackup-nginx-") as folder:
        port = _free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        config = Path(folder) / "nginx.conf"
        config.write_text(_CONFIG.format(folder=folder, user=user, port=port, root=root))
        command = ["nginx", "-p", folder, "-c", str(config), "-e", f"{folder}/error.log"]
        process = subprocess.Popen(command)
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait()


@contextmanager
def simulator(*options: object) -> Iterator[dict[str, Any]]:
    """The pretend Facebook in a process of its own; yields its address and token."""
    with _child("fbbackup.simulator", *options, "--json") as announced:
        yield announced


@contextmanager
def link(target: int, *, bytes_per_second: float = 0.0, round_trip: float = 0.0) -> Iterator[int]:
    """A slow link to a port of this machine; yields its own port."""
    with _child("benchmarks.link", target, "--rate", bytes_per_second, "--round-trip", round_trip) as announced:
        yield announced["port"]


@contextmanager
def _child(module: str, *options: object) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", module, *map(str, options), "--exit-with-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.terminate()
        process.wait()
        process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.025)
    raise RuntimeError("nginx did not start")

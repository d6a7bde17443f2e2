"""A small account on a running pretend Facebook, and a client that asks it like a program would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from fbbackup.simulator import Clock, Library, Simulator

NOW = 1_760_000_000.0


class Client:
    """Sends calls with the right token unless told otherwise."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.http = httpx.Client(base_url=sim.url, trust_env=False, timeout=10)

    def reply(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(f"/v21.0/{path}", params={"access_token": self.sim.token, **params})

    def ask(self, path: str, **params: Any) -> Any:
        reply = self.reply(path, **params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def error(self, path: str, **params: Any) -> dict[str, Any]:
        reply = self.reply(path, **params)
        assert reply.status_code != 200, reply.text
        error: dict[str, Any] = reply.json()["error"]
        return error

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Follow `next` until it is gone, as a client has to."""
        page = self.ask(path, **params)
        for _ in range(500):
            yield page
            following = page.get("paging", {}).get("next")
            if following is None:
                return
            page = self.http.get(following).json()
        raise AssertionError("the list never ends")

    def ids(self, path: str, **params: Any) -> list[str]:
        return [item["id"] for page in self.pages(path, **params) for item in page["data"]]

    def largest(self, photo_id: str) -> str:
        images = self.ask(photo_id, fields="images")["images"]
        return str(max(images, key=lambda image: image["width"] * image["height"])["source"])


Started = Callable[..., Client]


@pytest.fixture
def start() -> Iterator[Started]:
    """Starts a simulator with the given library and settings; all are stopped at the end."""
    clients: list[Client] = []

    def starting(library: Library | None = None, **settings: Any) -> Client:
        sim = Simulator(library or small(), **{"budget": 100_000, **settings})
        sim.start()
        clients.append(Client(sim))
        return clients[-1]

    yield starting
    for client in clients:
        client.http.close()
        client.sim.stop()


def small(**options: Any) -> Library:
    """A library whose clock stands still and whose pictures are small."""
    return Library(**{"photos": 120, "albums": 9, "largest": 200, "clock": Clock(NOW), **options})


@pytest.fixture
def client(start: Started) -> Client:
    return start()

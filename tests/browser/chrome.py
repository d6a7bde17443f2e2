"""Chromium without a window, steered through its DevTools socket: one browser, pages in it, what they did wrong."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PATIENCE_SECONDS = 15.0
KEYS = {
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Escape": 27, "Enter": 13, "Tab": 9, " ": 32,
}  # fmt: skip
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-default-apps", "--no-proxy-server", "--hide-scrollbars", "--mute-audio", "--remote-debugging-port=0",
    "--disable-renderer-backgrounding", "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip


def program() -> str | None:
    """Where Chromium is; None when it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Failed(AssertionError):
    """The page did not do what the test waited for."""


@dataclass
class Page:
    """One tab. `errors` holds console errors, exceptions and CSP reports; `asked` every address it asked for."""

    socket: ClientConnection
    session: str = ""
    errors: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    finished: dict[str, int] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    _number: int = 0
    _loads: int = 0

    def call(self, method: str, **params: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._next(PATIENCE_SECONDS)
            if time.monotonic() > ends:
                raise Failed(f"no answer to {method} {params}")
            if answer is not None and answer.get("id") == self._number:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self, seconds: float) -> dict[str, Any] | None:
        try:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=seconds))
        except TimeoutError:
            return None
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "Runtime.exceptionThrown":
            self.errors.append(str(told["exceptionDetails"].get("exception", {}).get("description", told)))
        elif event == "Runtime.consoleAPICalled" and told["type"] in ("error", "assert"):
            self.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif event == "Audits.issueAdded" and told["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.errors.append(f"CSP: {told['issue']['details']}")
        elif event == "Network.requestWillBeSent":
            self.asked.append({"url": told["request"]["url"], "type": told.get("type"), "id": told["requestId"]})
        elif event == "Network.loadingFinished":
            self.finished[told["requestId"]] = told["encodedDataLength"]
        elif event == "Page.loadEventFired":
            self._loads += 1
        elif event == "Page.javascriptDialogOpening":
            self.ran.append(f"dialog: {told['message']}")
            self.socket.send(
                json.dumps(
                    {"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True},
                     "sessionId": self.session}
                )
            )  # fmt: skip

    def open(self, address: str) -> None:
        """Goes to an address and waits for its load event."""
        loads = self._loads
        self.call("Page.navigate", url=address)
        self._until(lambda: self._loads > loads, f"{address} to load")

    def _until(self, done: Callable[[], bool], what: str) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while not done():
            if time.monotonic() > ends:
                raise Failed(f"waited in vain for {what}; errors: {self.errors}")
            self._next(0.2)

    def run(self, script: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise Failed(f"{script}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def wait(self, script: str) -> Any:
        """Waits until an expression is true."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            try:
                if found := self.run(script):
                    return found
            except Failed as failed:
                if "navigated" not in str(failed):  # the question met the page on its way out
                    raise
            self._next(0.05)
        raise Failed(f"waited in vain for {script}; errors: {self.errors}; at {self.run('location.href')}")

    def settled(self) -> None:
        """Waits until pictures in view have arrived and nothing moves."""
        self.wait(
            "[...document.images].every(i => i.complete || i.getBoundingClientRect().top > innerHeight || "
            "i.getBoundingClientRect().bottom < 0) && document.readyState === 'complete'"
        )
        self.run("new Promise(done => setTimeout(done, 60))")

    def press(self, key: str) -> None:
        named = key in KEYS and key != " "
        code = KEYS.get(key) or ord(key.upper())
        common = {"key": key, "windowsVirtualKeyCode": code, "code": key if named else ""}
        text = {} if named and key != "Enter" else {"text": "\r" if key == "Enter" else key}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def write(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def scroll(self, amount: float) -> None:
        self.run(f"new Promise(done => {{ scrollBy(0, {amount}); setTimeout(done, 30); }})")

    def close(self) -> None:
        """Ends the tab."""
        self.call("Page.close")

    def size(self, width: int, height: int, *, phone: bool = False, scale: float = 1) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)

    def theme(self, scheme: str, *, still: bool = True) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        features.append({"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"})
        self.call("Emulation.setEmulatedMedia", features=features)

    def scripts(self, allowed: bool) -> None:
        self.call("Emulation.setScriptExecutionDisabled", value=not allowed)

    def shot(self, file: Path) -> None:
        """A picture of what is in view."""
        kind = "jpeg" if file.suffix in (".jpg", ".jpeg") else "png"
        quality = {"quality": 82} if kind == "jpeg" else {}
        told = self.call("Page.captureScreenshot", format=kind, **quality)
        file.write_bytes(base64.b64decode(told["data"]))


@contextmanager
def chromium(folder: Path) -> Iterator[Callable[[], Page]]:
    """A browser with a profile of its own; calling it opens a page."""
    found = program()
    assert found is not None
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [found, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            stdout=log, stderr=log, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    lines = ExitStack()

    def page() -> Page:
        # Pings draw random numbers in a thread of their own, in the middle of other tests.
        calm = connect(address, max_size=None, open_timeout=PATIENCE_SECONDS, ping_interval=None)
        opened = Page(lines.enter_context(calm))
        context = opened.call("Target.createBrowserContext")["browserContextId"]
        target = opened.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        opened.session = opened.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            opened.call(f"{domain}.enable")
        opened.size(1280, 800)
        return opened

    try:
        address = _address(process, folder / "profile" / "DevToolsActivePort")
        yield page
    finally:
        lines.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], file: Path) -> str:
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) >= 2:
            with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/version", timeout=10) as answer:
                return str(json.load(answer)["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise Failed(f"Chromium did not start: {(file.parent.parent / 'chromium.log').read_text()[-2000:]}")

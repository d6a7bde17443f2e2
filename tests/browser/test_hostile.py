# ruff: noqa: E501, F541 - payloads stay in one piece
"""Nothing that Facebook or anyone wrote runs: hostile texts in every field, the whole gallery visited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fbbackup.simulator import Simulator
from fbbackup.simulator.library import Library
from tests.browser.chrome import Page
from tests.browser.conftest import at_home
from tests.web.many import fill
from tests.web.served import Filled, Served

RUN = "window.ran=1,alert(1)"
PAYLOADS = (
    f"<script>{RUN}</script>", f"<img src=x onerror={RUN}>", f"<svg onload={RUN}>", f"'\"><script>{RUN}</script>",
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}//", f"data:text/html,<script>{RUN}</script>", f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>", f"\" autofocus onfocus={RUN} x=\"", f"' onmouseover={RUN} '", "{{7*7}}",
    "{% raw %}", "${7*7}", f"<iframe srcdoc='<script>parent.{RUN}</script>'>", f"<a href=javascript:{RUN}>x</a>",
    f"<details open ontoggle={RUN}>", f"<video><source onerror={RUN}>", f"<math><mtext></mtext><script>{RUN}</script></math>",
    f"<style>@import 'javascript:{RUN}'</style>", f"<base href=javascript:{RUN}//>", f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<form action=javascript:{RUN}><button>x", f"<object data=javascript:{RUN}>", f"<embed src=javascript:{RUN}>", f"<link rel=stylesheet href=//evil.test/x>",
    f"<img src=//evil.test/x.png>", f"<body onload={RUN}>", f"<input onfocus={RUN} autofocus>", f"<marquee onstart={RUN}>", f"\\u003cscript\\u003e{RUN}",
    f"&lt;script&gt;{RUN}&lt;/script&gt;", f"%3Cscript%3E{RUN}%3C/script%3E", f"<scr\0ipt>{RUN}</scr\0ipt>", f"<<script>{RUN}//<</script>", f"<SCRIPT SRC=//evil.test/x.js></SCRIPT>",
    f"<!--<img src=\"--><img src=x onerror={RUN}>\">", f"<xss style=animation-name:x onanimationstart={RUN}>", f"]]><script>{RUN}</script>", f"`-{RUN}-`",
    f"\u202e<script>{RUN}</script>", f"<template><script>{RUN}</script></template>", f"<noscript><p title=\"</noscript><img src=x onerror={RUN}>\">",
    f"<image href=x onerror={RUN}>", f"<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>{RUN}</script></svg>#x'>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>", f"<select onfocus={RUN} autofocus>", f"<keygen autofocus onfocus={RUN}>", f"<isindex type=image src=1 onerror={RUN}>", "' OR 1=1 --",
)  # fmt: skip
PHOTOS = 2 * len(PAYLOADS)


def hostile(field: str, number: int) -> str:
    """Each payload, plain and inside of words, in every field."""
    payload = PAYLOADS[number % len(PAYLOADS)]
    if field == "link" and number % 2:
        return f"javascript:{RUN}//{number}"
    return payload if number < len(PAYLOADS) else f"{field} {payload} {number}"


@pytest.fixture(scope="module")
def poisoned(chrome: Callable[[], Page], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("poisoned")
    fill(folder / "archive", PHOTOS, hostile)
    with Simulator(library=Library(photos=1, albums=1)) as sim, Filled(folder, sim).serving() as found:
        yield found


@pytest.fixture
def page(chrome: Callable[[], Page], poisoned: Served) -> Iterator[Page]:
    yield from at_home(chrome, poisoned)


def test_nothing_that_was_written_runs(page: Page, poisoned: Served) -> None:
    from urllib.parse import quote

    ids = page.run("fetch('/api/v1/photos?limit=300').then(r => r.json()).then(j => j.items.map(i => i.id))")
    assert len(ids) == PHOTOS
    addresses = ["/", "/albums", "/albums/1", "/people", "/map", "/status", "/search", "/people/p0", "/places/l0"]
    addresses += [f"/search?q={quote(payload)}" for payload in PAYLOADS[::5]]
    addresses += [f"/photos/{id_}" for id_ in ids]
    for address in addresses:
        page.open(poisoned.url + address)
        assert page.run("window.ran") is None, address
        assert page.run("document.querySelectorAll('script:not([src])').length") == 0, address
        bad = "[...document.querySelectorAll('[href], [src], [action]')].filter(e => !/^(https?:|[/#]|$)/.test("
        bad += "e.href?.baseVal ?? e.href ?? e.src ?? e.action)).map(e => e.outerHTML)"
        assert page.run(bad) == [], address
    page.open(f"{poisoned.url}/")
    page.press("/")
    page.write("<img src=x onerror=window.ran=1>")
    page.open(f"{poisoned.url}/nope/<script>window.ran=1</script>?x=<script>")
    page.errors.clear()  # the browser itself calls a page that was not found an error
    assert page.run("window.ran") is None

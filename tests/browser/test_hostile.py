# ruff: noqa: E501, F541 - payloads stay in one piece
"""Nothing that Facebook or anyone wrote runs: hostile texts in every field, the whole gallery visited."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from sqlite3 import Connection
from urllib.parse import quote

import pytest

from fbbackup.catalog import open_catalog
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
    f"<audio src=x onerror={RUN}>", f"<video src=x onerror={RUN}>", f"<video autoplay onplay={RUN}><source src=x></video>",
    f"<svg><script>{RUN}</script></svg>", f"<svg><script xlink:href=data:,{RUN} />", f"<svg><a xlink:href=javascript:{RUN}><text y=20>x</text></a>",
    f"<svg><set attributeName=href to=javascript:{RUN} />", f"<svg><foreignObject><iframe srcdoc='<script>{RUN}</script>'>", f"<svg><style><img src=x onerror={RUN}></style>",
    f"<math href=javascript:{RUN}>x</math>", f"<math><annotation-xml encoding=text/html><img src=x onerror={RUN}></annotation-xml></math>",
    f"<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={RUN}>", f"<table background=javascript:{RUN}>", f"<td background=javascript:{RUN}>",
    f"<div style=\"background:url(javascript:{RUN})\">", f"<div style=width:expression({RUN})>", f"<p style='behavior:url(#x)' onclick={RUN}>", f"<link rel=import href=data:text/html,<script>{RUN}</script>>",
    f"<link rel=prefetch href=//evil.test/y>", f"<link rel=icon href=//evil.test/z.ico>", f"<script type=module>{RUN}</script>", f"<script>/*<!--*/{RUN}//--></script>",
    f"</script><script>{RUN}</script>", f"</style><script>{RUN}</script>", f"</svg><script>{RUN}</script>", f"--><script>{RUN}</script>", f"*/{RUN}/*", f"');{RUN}//", f"\");{RUN}//", f"\\\");{RUN}//",
    f"\n<script>\n{RUN}\n</script>\n", f"\u2028{RUN}\u2029", f"<img src='x' onerror=\u0026#39;{RUN}\u0026#39;>", f"&#x3c;img src=x onerror={RUN}&#x3e;", f"＜script＞{RUN}＜/script＞",
    f"<img/src=x/onerror={RUN}>", f"<img\tsrc=x\tonerror={RUN}>", f"<img src=x onerror\n=\n{RUN}>", f"<IMG SRC=`javascript:{RUN}`>", f"<img srcset='x 1x' onerror={RUN}>",
    f"<picture><source srcset=x><img onerror={RUN} src=x></picture>", f"<button autofocus onfocus={RUN}>x</button>", f"<textarea autofocus onfocus={RUN}>", f"<dialog open onclose={RUN}><form method=dialog>",
    f"<div contenteditable autofocus onfocus={RUN}>", f"<a id=x tabindex=1 onfocus={RUN} href=#x>", f"<div popover id=p onbeforetoggle={RUN}>", f"<slot onslotchange={RUN}><b>", "__proto__[x]=1&constructor[prototype][x]=1",
    f"jav\tascript:{RUN}", f"\x01javascript:{RUN}", f"vbscript:{RUN}", f"blob:{RUN}", f"https:javascript:{RUN}", f"https://x\" onclick={RUN} \"",
)  # fmt: skip
SAMPLE = 12
EMPTY = ("Nothing found", "No photos of this day", "An empty album")


LOOK = """({
  ran: window.ran ?? null,
  inline: document.querySelectorAll('script:not([src]), [onerror], [onload], [onfocus], [style*=javascript]').length,
  leads: [...document.querySelectorAll('[href], [src], [action]')].filter(e =>
    !/^(https?:|[/#]|$)/.test(e.href?.baseVal ?? e.href ?? e.src ?? e.action)).map(e => e.outerHTML),
})"""


def hostile(field: str, number: int) -> str:
    """Each payload, plain and inside of words, in every field."""
    payload = PAYLOADS[number % len(PAYLOADS)]
    if field == "link" and number % 2:
        return f"javascript:{RUN}//{number}"
    return payload if number < len(PAYLOADS) else f"{field} {payload} {number}"


def poison_the_rest(db: Connection) -> None:
    """Whatever else people, Facebook and failures leave as text: comments, old words, errors, reactions, evidence."""
    ids = [row[0] for row in db.execute("SELECT id FROM photos ORDER BY number")]
    for n, id_ in enumerate(ids):
        text = hostile("rest", n)
        db.execute("INSERT INTO comments VALUES (?, ?, NULL, ?, ?, ?, NULL)", (f"c{n}", id_, text, text, text))
        db.execute("INSERT INTO reactions VALUES (?, ?, 3, '')", (id_, text))
        values = (id_, "caption", text, text)
        db.execute(
            "INSERT INTO revisions (photo_id, field, old, new, seen_at) VALUES (?, ?, ?, ?, '2020-01-01T00:00:00Z')",
            values,
        )
        db.execute(
            "UPDATE photos SET gone_at = '2020-01-01T00:00:00Z', gone_evidence = ?, last_error = ?, file_date_source = ?, "
            "from_id = ? WHERE id = ?", (text, text, text, text, id_),
        )  # fmt: skip
        db.execute(
            "INSERT INTO runs (account_id, kind, started_at, finished_at, outcome, error) VALUES (1, ?, '2020-01-01T00:00:00Z', "
            "'2020-01-01T00:00:00Z', ?, ?)", (text, text, text),
        )  # fmt: skip
    for n, id_ in enumerate(ids[:20]):
        text = hostile("album", n)
        values = ("title", text, text)
        db.execute(
            "INSERT INTO revisions (album_id, field, old, new, seen_at) VALUES (1, ?, ?, ?, '2020-01-01T00:00:00Z')",
            values,
        )
        db.execute("DELETE FROM photo_files WHERE photo_id = ?", (id_,))
        db.execute("UPDATE photos SET sha256 = NULL, state = 'failed' WHERE id = ?", (id_,))


@pytest.fixture(scope="module")
def poisoned(chrome: Callable[[], Page], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("poisoned")
    fill(folder / "archive", 2 * len(PAYLOADS), hostile)
    with open_catalog(folder / "archive" / "catalog.sqlite") as catalog:
        catalog.write_now(poison_the_rest)
    with Simulator(library=Library(photos=1, albums=1)) as sim, Filled(folder, sim).serving() as found:
        yield found


@pytest.fixture
def page(chrome: Callable[[], Page], poisoned: Served) -> Iterator[Page]:
    yield from at_home(chrome, poisoned)


def test_there_are_a_hundred_of_them() -> None:
    assert len(set(PAYLOADS)) >= 100


def test_nothing_that_was_written_runs(page: Page, poisoned: Served) -> None:
    chosen = random.sample(range(2 * len(PAYLOADS)), SAMPLE)
    visit(page, poisoned, chosen, PAYLOADS[:: len(PAYLOADS) // 5])


@pytest.mark.sweep
@pytest.mark.timeout(600)
def test_none_of_a_hundred_payloads_in_any_field_runs(page: Page, poisoned: Served) -> None:
    visit(page, poisoned, range(2 * len(PAYLOADS)), PAYLOADS)
    print(f"{len(PAYLOADS)} payloads in every text field, {2 * len(PAYLOADS)} photos visited: 0 ran, 0 CSP reports")


def visit(page: Page, poisoned: Served, photos: Iterable[int], searches: Iterable[str]) -> None:
    """Opens every kind of page, these photos and these searches; nothing may run, and nothing may ask to."""
    addresses = ["/", "/albums", "/albums/1", "/people", "/map", "/status", "/search", "/people/p0", "/places/l0",
                 "/on-this-day?day=01-01", "/search?q=gone:yes"]  # fmt: skip
    addresses += [f"/search?q={quote(payload, safe='')}" for payload in searches]
    addresses += [f"/photos/{10**12 + number}" for number in photos]
    for address in addresses:
        page.open(poisoned.url + address)
        assert page.run("document.querySelector('main .empty h2')?.textContent ?? ''") in ("", *EMPTY), address
        assert page.run(LOOK) == {"ran": None, "inline": 0, "leads": []}, address
    page.open(f"{poisoned.url}/")
    page.press("/")
    page.write("<img src=x onerror=window.ran=1>")
    assert page.errors == []
    page.open(f"{poisoned.url}/nope/<script>window.ran=1</script>?x=<script>")
    page.errors.clear()  # the browser itself calls a page that was not found an error
    assert page.run("window.ran") is None

"""The gallery as a person uses it: pages, keys, phone and wide, light and dark, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.chrome import Page
from tests.web.served import Filled, Served

TILES = "[...document.querySelectorAll('.tile')].map(one => one.dataset.id)"
PLACES = (
    "/",
    "/albums",
    "/people",
    "/map",
    "/on-this-day",
    "/search",
    "/search?q=has:people",
    "/status",
    "/accounts/ada/login",
)


def one(filled: Filled, sql: str) -> Any:
    return filled.rows(sql)[0][0]


@pytest.fixture(scope="module")
def addresses(filled: Filled) -> list[str]:
    """Every kind of page."""
    return [
        *PLACES,
        f"/albums/{one(filled, 'SELECT album_id FROM album_photos GROUP BY 1 ORDER BY count(*) DESC')}",
        f"/people/{one(filled, 'SELECT person_id FROM photo_people WHERE person_id IS NOT NULL')}",
        f"/places/{one(filled, 'SELECT place_id FROM photos WHERE place_id IS NOT NULL')}",
        f"/photos/{one(filled, 'SELECT photo_id FROM photo_people WHERE x IS NOT NULL')}",
        f"/photos/{one(filled, 'SELECT photo_id FROM comments')}",
        "/on-this-day?day=" + one(filled, "SELECT substr(file_date, 6, 5) FROM photos WHERE sha256 IS NOT NULL"),
    ]


LOOK = """({
  wider: document.documentElement.scrollWidth - innerWidth,
  noAlt: [...document.images].filter(i => !i.hasAttribute('alt')).length,
  broken: [...document.images].filter(i => i.complete && !i.naturalWidth && i.loading !== 'lazy').length,
  nameless: [...document.querySelectorAll('a, button, input:not([type=hidden])')].filter(e => !e.hidden &&
    !e.closest('[hidden]') && !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length || e.title ||
      e.querySelector('img[alt]:not([alt=""]), [aria-label]'))).map(e => e.outerHTML),
  headings: document.querySelectorAll('h1').length,
  language: document.documentElement.lang,
})"""


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(1600, 900, "light"), (390, 844, "dark"), (820, 1180, "light")]
)
def test_every_page_fits_and_speaks(
    page: Page, served: Served, addresses: list[str], width: int, height: int, scheme: str
) -> None:
    page.size(width, height, phone=width < 500)
    page.theme(scheme)
    for address in addresses:
        page.open(served.url + address)
        page.settled()
        seen = page.run(LOOK)
        assert seen["wider"] <= 0, (address, seen)
        assert (seen["noAlt"], seen["broken"], seen["nameless"]) == (0, 0, []), (address, seen)
        assert seen["language"] == "en"
        background = page.run("getComputedStyle(document.documentElement).backgroundColor")
        assert (int(background[4:].split(",")[0]) < 60) == (scheme == "dark")


def test_nothing_shifts_while_a_page_loads(page: Page, served: Served, addresses: list[str]) -> None:
    page.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="window.shift = 0; new PerformanceObserver(l => l.getEntries().forEach(e => { if (!e.hadRecentInput) "
        "window.shift += e.value; })).observe({type: 'layout-shift', buffered: true});",
    )
    for address in addresses:
        page.open(served.url + address)
        page.settled()
        assert page.run("window.shift") < 0.01, address


def test_keys_lead_from_photo_to_photo_and_back(page: Page, served: Served) -> None:
    ids = page.run(TILES)
    page.press("ArrowRight")
    assert page.run("document.activeElement.closest('.tile')?.dataset.id") == ids[0]
    page.press("ArrowRight")
    page.press("ArrowRight")
    page.press("ArrowLeft")
    assert page.run("document.activeElement.closest('.tile').dataset.id") == ids[1]
    before = page.run("document.activeElement.getBoundingClientRect().top")
    page.press("ArrowDown")
    assert page.run("document.activeElement.getBoundingClientRect().top") > before
    page.press("ArrowUp")
    here = page.run("document.activeElement.closest('.tile').dataset.id")
    page.press("Enter")
    page.wait(f"document.querySelector('.viewer')?.dataset.id === '{here}'")
    at = ids.index(here)
    page.wait("Boolean(document.querySelector('[data-do=play]:not([hidden])'))")
    page.press("ArrowRight")
    page.wait(f"document.querySelector('.viewer').dataset.id === '{ids[at + 1]}'")
    assert page.run("location.pathname") == f"/photos/{ids[at + 1]}"
    page.press("ArrowLeft")
    page.wait(f"document.querySelector('.viewer').dataset.id === '{here}'")
    page.press("Escape")
    page.wait("location.pathname === '/' && document.querySelectorAll('.tile').length > 10")


def test_searching_by_key_with_a_suggestion(page: Page, filled: Filled) -> None:
    name = one(filled, "SELECT name FROM people WHERE name LIKE '% %' AND name NOT LIKE '%''%' ORDER BY name")
    page.press("/")
    assert page.run("document.activeElement.id") == "q"
    page.write(name[:4])
    page.wait("document.querySelectorAll('#ideas li').length > 0 && !document.getElementById('ideas').hidden")
    assert page.run("document.getElementById('q').getAttribute('aria-expanded')") == "true"
    page.press("ArrowDown")
    assert page.run("document.getElementById('q').getAttribute('aria-activedescendant')") == "idea0"
    page.press("Enter")
    page.wait("location.pathname === '/search' && document.querySelectorAll('.tile').length > 0")
    page.press("/")
    page.press("Escape")
    assert page.run("document.activeElement.id") != "q"


def test_a_photo_zooms_shows_its_people_and_plays(page: Page, served: Served, filled: Filled) -> None:
    id_ = one(filled, "SELECT t.photo_id FROM photo_people t JOIN photos p ON p.id = t.photo_id WHERE t.x IS NOT NULL "
              "AND p.kind = 'photo'")  # fmt: skip
    page.open(f"{served.url}/photos/{id_}")
    page.settled()
    box = page.run(
        "(b => [b.left + b.width / 2, b.top + b.height / 2])(document.querySelector('.frame').getBoundingClientRect())"
    )
    width = "document.querySelector('.frame').getBoundingClientRect().width"
    small = page.run(width)
    for count in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            page.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=count)
    page.wait(f"{width} > {small * 2}")
    page.press("Escape")
    page.wait(f"Math.abs({width} - {small}) < 2")
    page.run("document.querySelector('[data-who]').focus()")
    assert page.run("document.querySelectorAll('.mark.shown').length") >= 0
    page.press("i")
    assert page.run("getComputedStyle(document.querySelector('.about')).display") == "none"
    page.press("i")
    page.press("s")
    assert page.run("document.querySelector('[data-do=play]').getAttribute('aria-pressed')") == "true"
    page.press("Escape")
    assert page.run("document.querySelector('[data-do=play]').getAttribute('aria-pressed')") == "false"


def test_marks_and_their_names_stay_in_the_picture(page: Page, served: Served, filled: Filled) -> None:
    marked = filled.rows("SELECT DISTINCT t.photo_id FROM photo_people t JOIN photos p ON p.id = t.photo_id WHERE "
                         "p.kind = 'photo' AND (t.x < 7 OR t.x > 93 OR t.y < 7 OR t.y > 93) LIMIT 4")  # fmt: skip
    assert marked
    for (id_,) in marked:
        page.open(f"{served.url}/photos/{id_}")
        page.settled()
        outside = page.run(
            "(f => [...document.querySelectorAll('.mark, .mark span')].map(e => e.getBoundingClientRect()).filter(b => "
            "b.left < f.left - 1 || b.top < f.top - 1 || b.bottom > innerHeight + 1 || b.right > f.right + 1)"
            ".length)(document.querySelector('.frame').getBoundingClientRect())"
        )
        assert outside == 0, id_


def test_a_video_plays_and_seeks(page: Page, served: Served, filled: Filled) -> None:
    id_ = one(filled, "SELECT id FROM photos WHERE kind = 'video' AND sha256 IS NOT NULL")
    page.open(f"{served.url}/photos/{id_}")
    page.wait("document.querySelector('video').readyState >= 2")
    page.run("window.film = document.querySelector('video'); film.muted = true; film.play()")
    page.wait("film.currentTime > 0.2")
    page.run("film.pause(); film.currentTime = film.duration * 0.75")
    page.wait("!film.seeking && film.readyState >= 2 && Math.abs(film.currentTime - film.duration * 0.75) < 0.01")
    assert page.run("film.error") is None
    colors = "(c => (c.drawImage(film, 0, 0), new Set(c.getImageData(0, 0, 240, 150).data).size))"
    assert page.run(f"{colors}(new OffscreenCanvas(240, 240).getContext('2d'))") > 10


def test_a_swipe_turns_the_page(page: Page, served: Served) -> None:
    page.size(390, 844, phone=True)
    ids = page.run(TILES)
    page.open(f"{served.url}/photos/{ids[3]}")
    page.settled()
    page.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": 300, "y": 200}])
    for x in (250, 200, 120):
        page.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=[{"x": x, "y": 204}])
    page.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    page.wait(f"document.querySelector('.viewer').dataset.id === '{ids[4]}'")


def test_without_scripts_everything_can_be_read(page: Page, served: Served, addresses: list[str]) -> None:
    page.scripts(False)
    for address in addresses:
        page.open(served.url + address)
    page.open(f"{served.url}/")
    links = page.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    older = page.call("DOM.querySelector", nodeId=links, selector=".on a[rel=next]")["nodeId"]
    assert older
    page.scripts(True)


def test_the_map_comes_closer(page: Page, served: Served) -> None:
    page.open(f"{served.url}/map")
    page.wait("!document.querySelector('.zoom').hidden")
    whole = page.run("document.querySelector('.world svg').getAttribute('viewBox')")
    page.run("document.querySelector('[data-zoom=in]').click()")
    assert page.run("document.querySelector('.world svg').getAttribute('viewBox')") != whole
    page.run("document.querySelector('[data-zoom=out]').click()")
    assert page.run("document.querySelector('.world svg').getAttribute('viewBox')").split()[2] == whole.split()[2]


def test_links_on_other_sites_lead_in(chrome: Callable[[], Page], served: Served, filled: Filled) -> None:
    """Browsers keep the cookie back from such a visit: the first page asks for itself once more."""
    photo = one(filled, "SELECT id FROM photos WHERE sha256 IS NOT NULL")
    page = chrome()
    for address, path in ((served.next_link(), "/"), (f"{served.url}/photos/{photo}?in=", f"/photos/{photo}")):
        page.open(f"data:text/html,<a href='{address}'>a message with the link</a>")
        page.run("document.querySelector('a').click()")
        page.wait(f"location.pathname === '{path}' && document.querySelectorAll('.tile, .viewer').length > 0")
    stranger = chrome()
    stranger.open(f"data:text/html,<a href='{served.url}/people'>a message with the link</a>")
    stranger.run("document.querySelector('a').click()")
    stranger.wait("location.pathname === '/login' && document.querySelector('h1') !== null")
    for opened in (page, stranger):
        opened.close()


def test_logging_out_closes_the_door(page: Page, served: Served) -> None:
    page.open(f"{served.url}/status")
    page.run("document.querySelector('form[action=\"/logout\"] button').click()")
    page.wait("location.pathname === '/login'")
    page.open(f"{served.url}/")
    assert page.run("location.pathname") == "/login"


def test_logging_in_again_from_a_phone(page: Page, served: Served, filled: Filled) -> None:
    token = filled.sim.access.issue("user", 3600).text
    page.size(390, 844, phone=True)
    page.open(served.url + "/status")
    page.run("document.querySelector('a[href=\"/accounts/ada/login\"]').click()")
    page.wait("document.querySelector('[data-do=code]')?.disabled === false")
    page.run("document.querySelector('[data-do=code]').click()")
    page.wait("document.querySelector('output[data-of=code]').textContent.includes('app_id')")
    page.run(f"document.querySelector('#token').value = '{token}'")
    page.run("document.querySelector('[data-relogin] form button').click()")
    page.wait("document.querySelector('output[data-of=token]').textContent.startsWith('Done. logged in as')")
    assert page.run("document.querySelector('#token').value") == ""

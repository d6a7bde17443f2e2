"""Datasette over the catalog, as the real program: a link for one browser, questions, pictures, no writing."""

from __future__ import annotations

import re
import signal
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from fbbackup.catalog.questions import QUESTIONS
from tests.web.served import Filled

DOCS = Path(__file__).parents[2] / "docs" / "catalog.md"
GIVEN = {"words": "a*", "day": "07-05", "one": "a", "other": "e"}


@pytest.fixture(scope="module")
def link(filled: Filled) -> Iterator[str]:
    pytest.importorskip("datasette")
    process = filled.start("datasette", "--port", "0")
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert "read-only" in said, (said, process.stderr and process.stderr.read())
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")


@pytest.fixture(scope="module")
def browser(link: str) -> Iterator[httpx.Client]:
    """The one browser that the link opens."""
    with httpx.Client(base_url=re.match(r"http://127\.0\.0\.1:\d+", link)[0], follow_redirects=True) as client:  # type: ignore[index]
        assert client.get("/").status_code == 403
        assert client.get("/-/thumbnails/1").status_code == 403
        assert client.get("/catalog/photos.json").status_code == 403
        assert client.get(link).status_code == 200
        yield client


def page(browser: httpx.Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, (address, answer.text[:300])
    return answer.text


def test_the_link_works_once(browser: httpx.Client, link: str) -> None:
    with httpx.Client() as other:
        assert other.get(link).status_code == 403
    assert browser.get("/catalog/photos.json").json()["filtered_table_rows_count"] > 100


def test_other_names_are_refused(browser: httpx.Client) -> None:
    for host in ("evil.com", "127.0.0.1.nip.io", ""):
        assert browser.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_questions_are_answered_as_the_catalog_itself_does(
    browser: httpx.Client, filled: Filled, question: object
) -> None:
    name, sql = question.name, question.sql  # type: ignore[attr-defined]
    wanted = {value: GIVEN[value] for value in re.findall(r":([a-z]+)", sql)}
    told = browser.get(f"/catalog/{name}.json", params={**wanted, "_shape": "arrays", "_json_infinity": 1}).json()
    with sqlite3.connect(filled.archive / "catalog.sqlite") as db:
        rows = [list(row) for row in db.execute(sql, wanted)]
    assert told["rows"] == rows
    assert "Datasette" in page(browser, f"/catalog/{name}")
    if name in ("years", "largest", "where", "search", "together", "favourites"):
        assert rows, "the drawn library has some of it"


def test_the_docs_explain_the_same_ten_questions_and_every_view(filled: Filled) -> None:
    text = DOCS.read_text()
    explained = re.findall(r"^\*\*([^*\n]+)\*\*.*\n.+\n\n```sql\n([^`]+)\n```", text, re.MULTILINE)
    assert dict(explained) == {one.title: one.sql for one in QUESTIONS}
    assert len(QUESTIONS) == 10
    views = filled.rows("SELECT name FROM sqlite_master WHERE type = 'view'")
    columns = {name: [row[0] for row in filled.rows(f"SELECT name FROM pragma_table_info('{name}')")]
               for (name,) in views}  # fmt: skip
    for view, names in columns.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{view}` |"))
        assert all(f"`{name}`" in row for name in names), (view, names)
    taken = {row[0] for row in filled.rows("SELECT name FROM sqlite_master")}
    assert not taken & {one.name for one in QUESTIONS}


def test_cells_show_pictures(browser: httpx.Client, filled: Filled) -> None:
    id_, digest, size = filled.rows(
        "SELECT p.id, f.sha256, f.thumbnail_size FROM photos p JOIN files f USING (sha256) WHERE p.kind = 'photo'"
    )[0]
    for address in (f"/catalog/library?id={id_}", f"/catalog/photos?id={id_}", "/catalog/largest"):
        assert re.search(r'<img src="/-/thumbnails/\d+" height="90"', page(browser, address)), address
    assert "/-/thumbnails/" not in page(browser, "/catalog/albums?_size=1&_col=id&_nofacet=1")
    answer = browser.get(f"/-/thumbnails/{id_}")
    stored = filled.archive / f"thumbnails/{size}/{digest[:2]}/{digest}.webp"
    assert (answer.headers["content-type"], answer.content) == ("image/webp", stored.read_bytes())
    none = browser.get("/-/thumbnails/..%2F..%2Fcatalog.sqlite")
    assert none.headers["content-type"].startswith("image/svg+xml") or none.status_code == 404
    assert b"SQLite" not in none.content


def test_facets_and_words(browser: httpx.Client) -> None:
    told = browser.get("/catalog/photos.json?_size=1").json()
    assert set(told["facet_results"]) == {"kind", "state", "file_date_source"}
    assert "Best matches first" in page(browser, "/catalog/search")
    assert "source_states" not in browser.get("/catalog").text
    found = browser.get("/catalog/photos.json?_search=a*&_searchmode=raw&_size=5").json()
    assert 0 < found["filtered_table_rows_count"] < told["filtered_table_rows_count"]


def test_nothing_can_be_written(browser: httpx.Client, filled: Filled) -> None:
    files = sorted(filled.archive.glob("catalog.sqlite"))
    before = [sha256(file.read_bytes()).digest() for file in files]
    for sql in (
        "delete from photos", "insert into people values ('x', 'x')", "attach database '/tmp/x.db' as y",
        "pragma query_only = 0", "pragma user_version = 99", "vacuum into '/tmp/x.db'", "select 1; drop table photos",
        "with x as (select 1) delete from photos", "explain delete from photos; delete from photos",
    ):  # fmt: skip
        answer = browser.get("/catalog.json", params={"sql": sql})
        assert answer.status_code == 400, sql
    assert browser.get("/catalog.db").status_code in (403, 404)
    assert browser.post("/catalog/photos", content="{}").status_code in (403, 405)
    assert [sha256(file.read_bytes()).digest() for file in files] == before


def test_without_the_extra_one_line_says_how_to_get_it(filled: Filled, tmp_path: Path) -> None:
    (tmp_path / "datasette").mkdir()
    (tmp_path / "datasette" / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'datasette'\")\n")
    path = f"{tmp_path}:{Path(__file__).parents[2]}"
    code, out, err = filled.command("datasette", "--port", "0", PYTHONPATH=path)
    assert (code, out, err.splitlines()) == (
        2, "",
        ["fbbackup: Datasette is not installed; `pipx install --force '.[datasette]'` in its checkout adds it"],
    )  # fmt: skip


def test_without_a_catalog_one_line_says_so(filled: Filled, tmp_path: Path) -> None:
    pytest.importorskip("datasette")
    code, out, err = filled.command("datasette", "--port", "0", FBBACKUP_ARCHIVE=str(tmp_path))
    assert (code, out, len(err.splitlines())) == (7, "", 1)

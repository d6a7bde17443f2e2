"""Errors are told apart by what the body says; the status counts only when it says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fbbackup.errors import BudgetSpent
from fbbackup.http import Reply
from fbbackup.sources.graph.api import appsecret_proof
from fbbackup.sources.graph.budget import Budget
from fbbackup.sources.graph.failures import Failure, Kind, failure_of
from fbbackup.sources.graph.fields import FieldBook
from tests.sources.test_nodes import JSON


def error(code: Any, message: str = "", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize(
    ("status", "value", "kind"),
    [
        (500, error(1, "An unknown error occurred"), Kind.TRANSIENT),
        (500, error(1, "Please reduce the amount of data you're asking for"), Kind.SHRINK),
        (503, error(2), Kind.TRANSIENT),
        *[(400, error(code), Kind.LIMIT) for code in (4, 9, 17, 32, 341, 368, 613, 80001, 80014)],
        (403, error(4, is_transient=True), Kind.LIMIT),
        *[(400, error(code), Kind.LOGIN) for code in (102, 190, 412, 459)],
        (200, error(190), Kind.LOGIN),
        (400, error("190"), Kind.LOGIN),
        (400, error(190, is_transient=True), Kind.TRANSIENT),
        (400, error(2500, "An active access token must be used to query information"), Kind.LOGIN),
        (400, error(2500, "Unknown path components: /x"), Kind.FINAL),
        *[(400, error(code), Kind.PERMISSION) for code in (3, 10, 200, 220, 299)],
        (400, error(100, "Unsupported get request.", error_subcode=33), Kind.MISSING),
        (404, error(803, "Some of the aliases you requested do not exist: 5"), Kind.MISSING),
        (404, {"error": {"type": "OAuthException", "message": "(#803) Some of the aliases …"}}, Kind.MISSING),
        (400, error(100, "(#100) Tried accessing nonexisting field (reactions) on node type (Photo)"), Kind.FIELD),
        (400, error(100, "(#100) Invalid cursors values were given for this list"), Kind.CURSOR),
        (400, error(100, "Invalid appsecret_proof provided in the API argument"), Kind.CONFIG),
        (400, error(101), Kind.CONFIG),
        (400, error(100, "(#100) Too many IDs. Maximum: 50."), Kind.FINAL),
        (400, {"error_code": 190, "error_msg": "expired"}, Kind.LOGIN),
        (200, {"error_code": 17, "error_msg": "x"}, Kind.LIMIT),
        (400, {"error": "Invalid OAuth access token."}, Kind.LOGIN),
        (400, {"error": {"message": "Please reduce the amount of data"}}, Kind.SHRINK),
        (500, {"error": {}}, Kind.TRANSIENT),
        (401, {"error": {}}, Kind.LOGIN),
        (429, {}, Kind.LIMIT),
        (404, {}, Kind.FINAL),
        (200, True, Kind.TRANSIENT),
        (200, None, Kind.TRANSIENT),
        (200, [], Kind.TRANSIENT),
    ],
)
def test_what_an_answer_means(status: int, value: Any, kind: Kind) -> None:
    failure = failure_of(status, value)
    assert failure is not None
    assert failure.kind is kind


@pytest.mark.parametrize(
    ("code", "message", "field", "node_type"),
    [
        (100, "(#100) Tried accessing nonexisting field (tags) on node type (Photo)", "tags", "Photo"),
        (100, "(#100) Tried accessing nonexisting field tags on node type Photo", "tags", "Photo"),
        (100, "(#100) Tried accessing nonexisting field (tags)", "tags", None),
        (100, "(#100) Tried accessing nonexisting field", None, None),
        (100, "(#100) Unknown fields: tags.", "tags", None),
        (100, "(#100) Field 'tags' does not exist on node type Photo", "tags", "Photo"),
        (12, "(#12) tags field is deprecated for versions v3.3 and higher", "tags", None),
    ],
)
def test_a_refused_field_is_known_in_many_words(
    code: int, message: str, field: str | None, node_type: str | None
) -> None:
    failure = failure_of(400, error(code, message))
    assert failure is not None
    assert (failure.kind, failure.field, failure.node_type) == (Kind.FIELD, field, node_type)


@given(st.integers(100, 599), JSON, st.booleans())
def test_no_error_body_makes_the_reading_fail(status: int, value: Any, wrapped: bool) -> None:
    failure = failure_of(status, {"error": value} if wrapped else value)
    if failure is not None:
        failure.evidence.encode()
        assert "\n" not in failure.login_reason


def test_a_plain_answer_is_no_failure() -> None:
    assert failure_of(200, {"data": [], "debug": {"error": 1}}) is None


@pytest.mark.parametrize(
    ("subcode", "words"), [(463, "expired"), (460, "password"), (458, "removed"), (459, "facebook.com")]
)
def test_people_learn_why_the_login_ended(subcode: int, words: str) -> None:
    failure = failure_of(400, error(190, "x", error_subcode=subcode))
    assert failure is not None
    assert words in failure.login_reason


@pytest.mark.parametrize(
    ("message", "proof"),
    [
        ("TOKEN123", "b5d792532a31d5aabd4fabc2d51838cefe4337afb709771aa7d27c6c07ccffd6"),
        ("TOKEN123|1700000000", "ca88143d6759b5a8b213c27e660174fef2cecafc5e99fbfe9e5fe06551fd25b8"),
    ],
)
def test_proofs_are_those_of_the_documentation(message: str, proof: str) -> None:
    assert appsecret_proof("sekret", message) == proof


# -- the allowance -----------------------------------------------------------------------------------------------


class Now:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def seen(*headers: str, name: str = "x-app-usage", **more: str) -> Reply:
    return Reply(200, {name: headers[0]} | more if headers else more, b"{}")


BUSINESS = "x-business-use-case-usage"


@pytest.mark.parametrize(
    ("header", "name", "percent"),
    [
        ('{"call_count":28,"total_time":25,"total_cputime":31}', "x-app-usage", 31),
        ('{"call_count":"28"}', "x-page-usage", 28),
        ("{'call_count':28.5}", "x-app-usage", 28.5),
        ("17%", "x-app-usage", 17),
        ('{"1":[{"type":"pages","call_count":9}],"2":[{"total_time":11}],"2":[{"total_time":12}]}', BUSINESS, 12),
        ('{"1":{"type":"pages","call_count":9}}', BUSINESS, 9),
        ("", "x-app-usage", 0),
        ("{broken", "x-app-usage", 0),
        ('{"call_count":null,"total_time":[],"total_cputime":-4}', "x-app-usage", 0),
        ('{"1":"x","2":[3]}', BUSINESS, 0),
        ("[" * 50_000, BUSINESS, 0),
    ],
)
def test_usage_headers_in_all_shapes(header: str, name: str, percent: float) -> None:
    budget = Budget({}, Now(), 75, 95)
    budget.took(seen(header, name=name))
    assert budget.usage == percent


@given(st.text())
def test_no_usage_header_breaks_a_run(header: str) -> None:
    Budget({}, Now(), 75, 95).took(seen(header))


def test_nearly_all_used_blocks_this_and_later_runs_for_an_hour() -> None:
    now, state = Now(), dict[str, Any]()
    budget = Budget(state, now, 75, 95)
    budget.took(seen('{"call_count":94}'))
    budget.check()
    assert budget.pause_seconds() > 0
    budget.took(seen('{"call_count":95}'))
    later = Budget(json.loads(json.dumps(state)), now, 75, 95)
    with pytest.raises(BudgetSpent) as caught:
        later.check()
    assert caught.value.regain_seconds == 3600
    now.seconds += 3601
    later.check()
    assert later.usage == 0


def test_the_time_to_regain_access_is_in_minutes() -> None:
    budget = Budget({}, Now(), 75, 95)
    header = '{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":12}]}'
    with pytest.raises(BudgetSpent) as caught:
        raise budget.refused(Failure(Kind.LIMIT, "x", 32), seen(header, name=BUSINESS).headers)
    assert caught.value.regain_seconds == 3600
    budget = Budget({}, Now(), 75, 95)
    budget.took(seen(header, name=BUSINESS))
    assert budget.refused(Failure(Kind.LIMIT, "x", 32), {}).regain_seconds == 720


@pytest.mark.parametrize(
    ("failure", "headers", "seconds"),
    [
        (Failure(Kind.LIMIT, "x", 4), {}, 3600),
        (Failure(Kind.LIMIT, "x", 368), {}, 6 * 3600),
        (Failure(Kind.LIMIT, "HTTP 429"), {"retry-after": "90"}, 90),
        (Failure(Kind.LIMIT, "x", 4, status=429), {"retry-after": "90"}, 90),
        (Failure(Kind.LIMIT, "x", 368), {"retry-after": "90"}, 6 * 3600),
        (Failure(Kind.LIMIT, "HTTP 429"), {"retry-after": "1000000000"}, 3600),
        (Failure(Kind.LIMIT, "HTTP 429"), {"retry-after": "-5"}, 0),
    ],
)
def test_how_long_a_refusal_lasts(failure: Failure, headers: dict[str, str], seconds: float) -> None:
    assert Budget({}, Now(), 75, 95).refused(failure, headers).regain_seconds == seconds


# -- fields ------------------------------------------------------------------------------------------------------


def test_refused_fields_are_left_out_and_remembered_for_the_version() -> None:
    state: dict[str, Any] = {}
    book = FieldBook(state, "v21.0")
    assert book.drop(("photo",), "reactions", "Photo")
    assert "reactions" not in FieldBook(json.loads(json.dumps(state)), "v21.0").text("photo")
    assert "reactions" in book.text("video")
    assert "reactions" in FieldBook(state, "v22.0").text("photo")


def test_what_a_backup_needs_is_never_left_out() -> None:
    book = FieldBook({}, "v21.0")
    assert not book.drop(("photo",), "images", "Photo")
    assert not book.drop(("photo",), "unheard_of", "Photo")
    assert not book.drop(("photo",), "images", "Video")


def test_a_refusal_without_a_name_takes_the_least_needed_away() -> None:
    book = FieldBook({}, "v21.0")
    assert book.drop(("photo",), "", None)
    assert book.drop(("photo",), "", None)
    assert not {"comments", "reactions"} & book.asked("photo")
    assert {"tags", "name"} <= book.asked("photo")
    while book.drop(("photo",), "", None):
        pass
    assert book.asked("photo") == {"id", "created_time", "images"}


def test_a_field_inside_another_takes_the_outer_one_away() -> None:
    book = FieldBook({}, "v21.0")
    assert book.drop(("photo",), "parent", "Comment")
    assert "comments" not in book.asked("photo")
    assert book.drop(("photo",), "location", "Page")
    assert not {"place"} & book.asked("photo")
    assert "name" in book.asked("photo")

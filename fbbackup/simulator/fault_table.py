"""The one table of fault names; the command line and the documentation print it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault's name, where it strikes unless told otherwise, and what it does."""

    name: str
    on: str
    does: str


_CDN = {
    "cut": "Content-Length is right, the body ends after `at` bytes (default: half)",
    "cut-close": "no Content-Length, the body ends after `at` bytes and the connection closes cleanly",
    "cut-chunked": "chunked body that ends after `at` bytes without the last chunk",
    "cut-gzip": "gzip-encoded body that ends after `at` bytes",
    "gzip": "whole body, gzip-encoded",
    "close-delimited": "whole body, but without Content-Length",
    "chunked": "whole body, chunked",
    "longer-length": "Content-Length is `by` bytes (default 10) more than the body",
    "shorter-length": "Content-Length is `by` bytes (default 10) less than the body, which is sent in that length",
    "flip": "one bit of the byte `at` (default: the middle) is flipped, the digest header is that of the right bytes",
    "zeros": "right length, all bytes zero",
    "half-zeros": "right length, the second half zero",
    "hole": "right length, `size` bytes (default 512) in the middle are zero",
    "trailing": "`by` bytes (default 10) follow the picture, the length counts them, the digest header does not",
    "other-photo": "the bytes of another photo of the library, without a digest header unless `digest` is kept",
    "pixel": "a valid 1×1 picture instead",
    "other-size": "a valid picture of half the announced size",
    "html": "200 with an HTML login page",
    "json": "200 with a JSON error body",
    "empty": "200 with an empty body",
    "wrong-type": "right bytes with Content-Type `type` (default text/html)",
    "wrong-digest": "right bytes with a wrong content-digest header",
    "no-digest": "right bytes without a content-digest header",
    "range-ignored": "200 with everything to a Range request",
    "range-shifted": "206 whose bytes begin 7 later than asked",
    "range-refused": "416 to every Range request",
    "unasked-part": "206 with the bytes from `at` (default: half), although the whole was asked for",
    "unasked-416": "416 to every request",
    "modified": "another Last-Modified date, as if the file had changed since the last part",
    "drip": "one byte every `seconds` (default 1)",
    "stall-before": "no answer at all",
    "stall-headers": "headers, then nothing",
    "stall-body": "headers and `at` bytes (default: half), then nothing",
    "reset": "connection reset before any byte",
    "reset-body": "connection reset after `at` bytes (default: half)",
    "server-error": "status 500, text body",
    "bad-gateway": "status 502, HTML page",
    "unavailable": "status 503; `retry_after` as given",
    "too-many": "status 429; `retry_after` as given (seconds, a date, 1000000000, -5 …), default 2",
    "gone": "status 404, or `status` (410)",
    "url-expired": "403 URL signature expired",
    "url-mismatch": "403 URL signature mismatch",
    "redirect-loop": "302 to the same URL",
    "redirect-hops": "302 `hops` times (default 20) before the picture comes",
    "redirect-file": "302 to file:///etc/passwd",
    "redirect-private": "302 to `to` (default a link-local address)",
    "redirect-host": "302 to another host name of this machine, where a canary listens",
}  # fmt: skip
_GRAPH = {
    "graph-unknown": "code 1, HTTP 500",
    "graph-service": "code 2, HTTP 500",
    "reduce-data": "code 1 with the wish for a smaller request, HTTP 500",
    "app-limit": "code 4, HTTP 403",
    "user-limit": "code 17",
    "page-limit": "code 32",
    "custom-limit": "code 613",
    "graph-error": "`code`, `message`, `subcode`, `status` as given",
    "token-revoked": "code 190 with `subcode` (default 460; 463, 467, 458, 459 …)",
    "permission-error": "code 10, or `code` (200)",
    "photo-hidden": "code 100 / 33",
    "usage-full": "the usage header says 100 % (or `percent`) while the call succeeds",
    "graph-outage": "status 502 with an HTML page",
    "graph-429": "status 429; `retry_after` as given",
    "graph-reset": "connection reset before any byte",
    "graph-stall": "no answer at all",
    "graph-cut": "the JSON body ends after half its announced length",
    "graph-html": "200 with an HTML page",
    "graph-empty": "200 with an empty body",
    "true-body": "200 with the bare body true",
    "false-body": "200 with the bare body false",
    "null-body": "200 with the bare body null",
    "error-200": "code 190 error object with status 200",
    "old-error": "`error_code`/`error_msg` at the top level",
    "invalid-utf8": "a byte that is no UTF-8 inside the JSON",
    "nan": "a top-level NaN among the keys",
    "duplicate-keys": "every object has its `id` twice",
    "deep-nesting": "an unknown key holds `depth` (default 100000) nested lists",
    "huge-json": "`size` (default 100000000) bytes of white space before the JSON",
    "null-fields": "the first item of `data` has only nulls beside its id",
    "broken-item": "the first item of `data` has no id",
    "redirect-graph": "302 of a Graph call to another host name of this machine, where a canary listens",
}  # fmt: skip
_PAGE = {
    "page-short": "half of the wanted items, with a `next`",
    "page-empty": "an empty page with a `next`, the items follow",
    "page-repeat": "the next page brings the same items again, then it goes on",
    "page-loop": "`next` leads back to the same page for as long as the fault lasts",
    "page-overlap": "the next page begins two items early",
    "page-reorder": "items of a page in another order",
    "page-stop": "one page without `paging` although more would follow",
    "paging-absent": "no `paging` on a list that ends here",
    "paging-next-only": "no cursors, only a `next` URL (`style` offset or time)",
    "next-foreign": "`next` points to another host name, where a canary listens",
    "cursor-invalid": "#100 for a call that has a cursor",
    "lost-permission": "an empty list; from then on the permission is declined",
    "add-during-crawl": "a photo is added to the first album after this page",
    "remove-during-crawl": "the page's last item is deleted after this page",
    "album-deleted": "the album is deleted after this page",
}  # fmt: skip
_BATCH = {"batch-null": "the last entry of a batch comes back null, not run in time"}

FAULTS: dict[str, FaultKind] = {
    name: FaultKind(name, on, does)
    for on, rows in (("cdn", _CDN), ("graph", _GRAPH), ("page", _PAGE), ("batch", _BATCH))
    for name, does in rows.items()
}

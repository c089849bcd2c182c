"""How answers travel: an ETag on every list and page, 304 where nothing changed, gzip where it pays.

Media is left alone: it is compressed already, and ranges must stay what they are.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache

from flask import Flask, Response, request

WORTH_BYTES = 1024
LEVEL = 3
"""Half the time of level 5 for a tenth more bytes."""
LARGEST_FILE_BYTES = 4 << 20
TAGGED = {"application/json", "text/html"}
COMPRESSED = TAGGED | {
    "application/javascript",
    "application/manifest+json",
    "application/problem+json",
    "application/vnd.apple.mpegurl",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/javascript",
    "text/plain",
    "text/vtt",
}
PRIVATE = "private, no-cache"
"""Kept by the browser, asked for again each time: a 304 costs little, and another person's page is never shown."""


def init_app(app: Flask) -> None:
    app.after_request(_deliver)


def _deliver(response: Response) -> Response:
    if not request.path.startswith("/static/"):
        _forbid_sharing(response)
    if request.method in {"GET", "HEAD"} and response.status_code == 200:
        _tag(response)
    return _compress(response)


def _forbid_sharing(response: Response) -> None:
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = PRIVATE if request.method in {"GET", "HEAD"} else "no-store"
    if response.mimetype in TAGGED:
        response.vary.update(["Authorization", "Cookie", "X-API-Key"])


def _tag(response: Response) -> None:
    if response.mimetype not in TAGGED or response.is_streamed or response.direct_passthrough:
        return
    if "ETag" not in response.headers and not response.cache_control.no_store:
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True)
        response.make_conditional(request)


def _compress(response: Response) -> Response:
    if response.mimetype not in COMPRESSED or response.status_code in {204, 206, 304}:
        return response
    response.vary.add("Accept-Encoding")
    if "Content-Encoding" in response.headers or not request.accept_encodings["gzip"] or not _is_whole(response):
        return response
    etag, _weak = response.get_etag()
    is_file, response.direct_passthrough = response.direct_passthrough, False
    data = response.get_data()
    if len(data) < WORTH_BYTES:
        return response
    packed = _packed_file(data) if is_file else gzip.compress(data, LEVEL, mtime=0)
    response.set_data(packed)
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    if etag is not None:
        response.set_etag(etag, weak=True)
    return response


def _is_whole(response: Response) -> bool:
    """Whether the body is at hand: text in memory, or a small file of ours."""
    if response.direct_passthrough:
        return request.method == "GET" and 0 < (response.content_length or 0) <= LARGEST_FILE_BYTES
    return not response.is_streamed


@lru_cache(maxsize=128)
def _packed_file(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)

"""The store in a bucket (S3 or what speaks like it). An object of a bucket appears whole by nature."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.store import S3Store

from app.transcoding.store import Missing, Stat, checked_key


class BucketStore:
    """Objects under a prefix of one bucket. Keys and address come from the usual `AWS_…` settings."""

    def __init__(self, bucket: str, prefix: str = "", **options: Any) -> None:
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._store = S3Store(bucket, **options)

    @classmethod
    def of(cls, url: str) -> BucketStore:
        """From `s3://bucket/prefix`."""
        parts = urlsplit(url)
        return cls(parts.netloc, parts.path)

    def put(self, key: str, data: bytes) -> None:
        obstore.put(self._store, self._name(key), data)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        name = self._name(key)
        try:
            if start == 0 and length is None:
                return bytes(obstore.get(self._store, name).bytes())
            if length is None:
                return bytes(obstore.get(self._store, name, options={"range": {"offset": start}}).bytes())
            return bytes(obstore.get_range(self._store, name, start=start, length=length)) if length else b""
        except FileNotFoundError:
            raise Missing(key) from None

    def stat(self, key: str) -> Stat | None:
        try:
            found = obstore.head(self._store, self._name(key))
        except FileNotFoundError:
            return None
        return Stat(key, found["size"], found["last_modified"].timestamp())

    def list(self, prefix: str = "") -> Iterator[Stat]:
        top = f"{self._prefix}{prefix}" or None
        for batch in obstore.list(self._store, prefix=top):
            for found in batch:
                yield Stat(found["path"].removeprefix(self._prefix), found["size"], found["last_modified"].timestamp())

    def delete(self, key: str) -> None:
        try:
            obstore.delete(self._store, self._name(key))
        except FileNotFoundError:
            return

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002
        return None

    def presign(self, key: str, *, seconds: int) -> str | None:
        return obstore.sign(self._store, "GET", self._name(key), timedelta(seconds=seconds))

    def _name(self, key: str) -> str:
        return f"{self._prefix}{checked_key(key)}"

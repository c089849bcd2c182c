"""Segments appear whole or not at all, in a folder and in a bucket alike."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from moto.server import ThreadedMotoServer

from app.transcoding.bucket import BucketStore
from app.transcoding.store import LocalStore, Missing, Store, open_store


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return LocalStore(tmp_path / "cells")
    address = request.getfixturevalue("s3")
    requests.post(f"{address}/moto-api/reset", timeout=10)
    requests.put(f"{address}/movies", timeout=10)
    return BucketStore(
        "movies",
        "/a/prefix",
        endpoint=address,
        region="us-east-1",
        access_key_id="k",
        secret_access_key="s",
        client_options={"allow_http": True},
    )


def test_what_is_put_can_be_read_whole_and_in_part(store: Store) -> None:
    store.put("cells/ab/1.m4s", b"0123456789")

    assert store.get("cells/ab/1.m4s") == b"0123456789"
    assert store.get("cells/ab/1.m4s", 3, 4) == b"3456"
    assert store.get("cells/ab/1.m4s", 7) == b"789"
    found = store.stat("cells/ab/1.m4s")
    assert found is not None
    assert found.size == 10


def test_what_is_not_there_is_missing(store: Store) -> None:
    assert store.stat("cells/none.m4s") is None
    with pytest.raises(Missing):
        store.get("cells/none.m4s")
    store.delete("cells/none.m4s")


def test_objects_are_listed_below_a_folder_and_deleted(store: Store) -> None:
    for key in ("cells/ab/1.m4s", "cells/ab/2.m4s", "index/x.json"):
        store.put(key, b"x")

    assert {one.key for one in store.list("cells")} == {"cells/ab/1.m4s", "cells/ab/2.m4s"}
    store.delete("cells/ab/1.m4s")
    assert {one.key for one in store.list()} == {"cells/ab/2.m4s", "index/x.json"}


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a/../b", "a//b", "", "a/./b", "cells/.part-1", "a\x00b"])
def test_a_key_never_leaves_the_store(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="store key"):
        store.stat(key)


def test_a_bucket_gives_an_address_that_serves_the_object(s3: str, request: pytest.FixtureRequest) -> None:
    requests.put(f"{s3}/movies", timeout=10)
    store = BucketStore(
        "movies",
        endpoint=s3,
        region="us-east-1",
        access_key_id="k",
        secret_access_key="s",
        client_options={"allow_http": True},
    )
    store.put("cells/1.m4s", b"abc")

    address = store.presign("cells/1.m4s", seconds=60)

    assert address is not None
    assert requests.get(address, timeout=10).content == b"abc"


def test_a_reader_never_sees_half_an_object_while_it_is_replaced(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    whole = {bytes([letter]) * 300_000 for letter in b"ab"}
    store.put("cells/1.m4s", next(iter(whole)))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for data in whole:
                store.put("cells/1.m4s", data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = {store.get("cells/1.m4s") for _ in range(200)}
    finally:
        stop.set()
        writer.join()

    assert seen <= whole


def test_what_a_dead_process_left_half_written_is_never_listed_and_is_swept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("cells/1.m4s", b"x")
    left = tmp_path / "cells" / ".part-0123"
    left.write_bytes(b"half")

    assert [one.key for one in store.list()] == ["cells/1.m4s"]
    assert store.sweep(older_than=left.stat().st_mtime + 1) == 1
    assert not left.exists()


def test_the_setting_chooses_the_store(tmp_path: Path) -> None:
    assert isinstance(open_store(str(tmp_path)), LocalStore)
    assert isinstance(open_store("s3://bucket/prefix"), BucketStore)

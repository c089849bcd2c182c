"""Logs help to find a fault and give nothing away."""

from __future__ import annotations

import pytest

from app.web.logs import HIDDEN, mask_event, masked


@pytest.mark.parametrize(
    "text",
    [
        "GET /play/S3CRET.abc-_x/master.m3u8",
        "https://host/api?api_key=S3CRET&x=1",
        '{"password": "S3CRET"}',
        "Authorization: Bearer S3CRET",
        "postgresql+psycopg://user:S3CRET@host/db",
        "refresh_token=S3CRET",
    ],
)
def test_secrets_inside_a_text_are_hidden(text: str) -> None:
    assert "S3CRET" not in masked(text)
    assert HIDDEN in masked(text)


def test_a_field_named_like_a_secret_is_hidden_however_deep() -> None:
    event = {"event": "x", "password": "S3CRET", "body": {"csrf_token": "S3CRET"}, "list": ["token=S3CRET"], "size": 3}

    shown = mask_event(None, "info", event)

    assert "S3CRET" not in str(shown)
    assert shown["size"] == 3


def test_an_ordinary_text_is_left_as_it_is() -> None:
    text = "scan of /films/The Secret Life (2016).mkv took 3 s"
    assert masked(text) == text

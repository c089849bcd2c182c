"""Structured logs: one line for each event, with the request's id, and never a token, a password or a key."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = "[hidden]"
SECRET_NAME = re.compile(
    r"pass(word|wd)?$|secret|token|api_?key|authorization|cookie|csrf|setup_code|poll", re.IGNORECASE
)
SECRETS_IN_TEXT = (
    (re.compile(r"(/play/)[^/\s\"']+"), r"\1" + HIDDEN),
    (
        re.compile(
            r"((?:access_token|refresh_token|token|api_?key|password|secret|csrf_token|setup_code)[\"']?\s*[=:]\s*[\"']?)"
            r"[^&\s\"',}]+",
            re.IGNORECASE,
        ),
        r"\1" + HIDDEN,
    ),
    (re.compile(r"((?:Bearer|Basic)\s+)[\w.~+/=-]+", re.IGNORECASE), r"\1" + HIDDEN),
    (re.compile(r"(\w+://[^/\s:@]*:)[^@\s/]+@"), r"\1" + HIDDEN + "@"),
)


def masked(text: str) -> str:
    """A text without the secrets that addresses, headers and bodies carry."""
    for pattern, replacement in SECRETS_IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def mask_event(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that hides secrets by the name of a field and inside every text."""
    for name, value in event.items():
        event[name] = HIDDEN if SECRET_NAME.search(name) and value else _masked_value(value)
    return event


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {
            name: HIDDEN if SECRET_NAME.search(str(name)) and one else _masked_value(one) for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked_value(one) for one in value]
    return value


def configure_logging(program: str, *, level: int = logging.INFO) -> None:
    """Sends structlog's and the standard library's logs to standard error, as JSON lines, or coloured on a terminal."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if sys.stderr.isatty():
        last = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask_event, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("werkzeug", "engineio", "socketio", "rq.worker", "rq.job", "PIL", "urllib3", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(program=program)

"""Playwright, started once for a process: a second one beside the first is refused, and tests share processes."""

from __future__ import annotations

import atexit
import functools

from playwright.sync_api import Playwright, sync_playwright


@functools.cache
def playwright() -> Playwright:
    """The process's own; stopped when it ends. From the main thread only."""
    started = sync_playwright().start()
    atexit.register(started.stop)
    return started

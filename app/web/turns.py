"""Turns: an answer that only reads and formats waits until nobody else's is being worked on.

One Python process computes in one thread at a time. Forty answers begun at once all end late, and every one of them
takes processor time from cells and rooms. Taken one by one, in the order of their coming, none is held up by those that
came after it, and what is not marked shares the interpreter with one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from flask import Flask, current_app, g, request

from app.extensions import db

AT_ONCE = 1
PATIENCE = 5.0

View = TypeVar("View", bound=Callable[..., Any])


class Turns:
    """A counter that serves strictly in the order of asking (a semaphore lets newcomers pass those who wait)."""

    def __init__(self, at_once: int) -> None:
        self._lock = Lock()
        self._free = at_once
        self._waiting: deque[Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many wait at this moment."""
        return len(self._waiting)

    def take(self, patience: float) -> bool:
        """Waits for a turn, at most `patience` seconds; False when there was none. Each one taken is given back."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=patience):
            return True
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it was handed over in the very last moment

    def give(self) -> None:
        """Hands a turn on."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


def in_turn(view: View) -> View:
    """Marks a view that computes and waits for nobody. Works in any order with route decorators."""
    view.matinee_in_turn = True  # type: ignore[attr-defined]
    return view


def hand_on() -> None:
    """Ends this request's turn, where it has one, before something that may wait."""
    turns: Turns | None = g.pop("matinee_turns", None)
    if turns is not None:
        turns.give()


def init_app(app: Flask) -> None:
    """After `security`, so that nobody who is refused takes a turn."""
    app.extensions["matinee_turns"] = Turns(AT_ONCE)
    app.before_request(_take)
    app.teardown_request(_give)


def _take() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "matinee_in_turn", False):
        turns: Turns = current_app.extensions["matinee_turns"]
        if not turns.take(0):
            db.session.rollback()  # no connection is held across a wait
            if not turns.take(PATIENCE):
                return  # better beside the others than never
        g.matinee_turns = turns


def _give(_failure: BaseException | None) -> None:
    hand_on()

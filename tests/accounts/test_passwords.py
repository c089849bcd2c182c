"""Hashing is bounded: a flood of sign-ins cannot take the memory or the threads of the server."""

import threading

import pytest

from app.accounts.passwords import WAITING_AT_MOST, Passwords
from app.core.errors import TooMany
from config import PasswordCost

CHEAP = PasswordCost(rounds=1, memory_kib=8, lanes=1)


class Slow:
    """A hasher that hashes until it is told to end, and counts how many do so at once."""

    def __init__(self) -> None:
        self.go_on, self.lock, self.now, self.most = threading.Event(), threading.Lock(), 0, 0

    def hash(self, _password: str) -> str:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        assert self.go_on.wait(10)
        with self.lock:
            self.now -= 1
        return "hashed"


def test_a_password_is_known_again_and_nothing_else_is() -> None:
    passwords = Passwords(CHEAP)
    stored = passwords.hash("correct horse")

    assert passwords.matches("correct horse", stored)
    assert not passwords.matches("correct horsf", stored)
    assert not passwords.matches("correct horse", None)
    assert not passwords.matches("correct horse", "no hash at all")
    assert not passwords.is_outdated(stored)
    assert passwords.is_outdated(Passwords(PasswordCost(rounds=2, memory_kib=16, lanes=1)).hash("x"))


@pytest.mark.parametrize("waiting", [WAITING_AT_MOST, 25])
def test_few_hash_at_once_some_wait_and_the_rest_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    passwords, slow = Passwords(CHEAP, at_once=2, waiting=waiting), Slow()
    monkeypatch.setattr(passwords, "_hasher", slow)
    answers: list[str] = []

    def hash_one() -> None:
        try:
            answers.append(passwords.hash("x"))
        except TooMany as refusal:
            answers.append(f"refused, {refusal.retry_after} s")

    crowd = [threading.Thread(target=hash_one) for _ in range(2 + waiting + 5)]
    for one in crowd:
        one.start()
    while len(answers) < 5:
        crowd[0].join(0.01)
    assert answers == ["refused, 5 s"] * 5
    slow.go_on.set()
    for one in crowd:
        one.join()

    assert answers.count("hashed") == 2 + waiting
    assert slow.most == 2

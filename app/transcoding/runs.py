"""What a run is told, and how it reaches a worker.

Play runs are no database jobs: the cells on the store are the only truth, a lease says who is at work, and whoever
waits and sees neither sends a new run. A run that was sent twice finds its cells leased or made, and ends.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import redis
import structlog
from rq import Queue
from rq.serializers import JSONSerializer

from app.transcoding import demand
from app.transcoding.keys import cell_key
from app.transcoding.leases import lease_name

log = structlog.get_logger(__name__)

Lane = Literal["copy", "now", "ahead"]
Product = Literal["cells", "index", "cues"]

FUNCTION = "workers.transcode.run"
TIMEOUT_S = {"copy": 60, "now": 120, "ahead": 600}
ASKED_MS = {"copy": 2000, "now": 3000, "ahead": 8000}
"""How long a run that was sent is believed to be on its way, in ms; after that only while it lies in its queue."""
KEPT_S = 30
"""How long a run may lie in its queue. A run that starts takes its word away at once."""


@dataclass(frozen=True, slots=True)
class Run:
    """One piece of work for one lane.

    `file_id` is the source's row, `origin` what its bytes were when this was asked. For cells: `recipe`, `spec`
    (`ladder.spec_to_json`), and the cells `first` to `first + count - 1`. For cues: `first` is the stream index.
    `key` is the first product's key on the store.
    """

    product: Product
    lane: Lane
    key: str
    file_id: int
    origin: str
    recipe: str = ""
    spec: Mapping[str, Any] | None = None
    first: int = 0
    count: int = 1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Run:
        """Raises TypeError for a document that is none."""
        return cls(**document)


def asked_name(key: str) -> str:
    """The Redis key that says: a run that begins with this key is on its way."""
    return f"matinee:asked:{key}"


_ASK = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local lane, id = string.match(redis.call('GET', KEYS[2]) or '', '^(%a+) (%S+)$')
if lane and (lane == ARGV[1] or lane == 'now' or ARGV[1] == 'ahead') then
  if redis.call('PTTL', KEYS[2]) > ARGV[4] - ARGV[2] then return 0 end
  if redis.call('LPOS', 'rq:queue:' .. lane, id) and redis.call('EXISTS', 'rq:job:' .. id) == 1 then return 0 end
elseif lane and redis.call('LREM', 'rq:queue:' .. lane, 1, id) == 1 then
  redis.call('DEL', 'rq:job:' .. id)
end
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[3], 'PX', ARGV[4])
return 1
"""


def send(client: redis.Redis, run: Run) -> bool:
    """Enqueues the run, unless one that begins with the same key is at work or on its way. Returns whether it did.

    A player that waits does not rely on what was only sent ahead: its run goes to `now` instead.
    """
    names = (lease_name(run.key), asked_name(run.key))
    number = uuid.uuid4().hex
    if not client.eval(_ASK, len(names), *names, run.lane, str(ASKED_MS[run.lane]), number, str(KEPT_S * 1000)):
        return False
    _queue(client, run.lane).enqueue(
        FUNCTION,
        run.to_json(),
        job_id=number,
        job_timeout=TIMEOUT_S[run.lane],
        result_ttl=0,
        failure_ttl=60,
        ttl=KEPT_S,
    )
    return True


_WITHDRAW = """
local withdrawn = 0
for i = 1, #KEYS do
  local lane, id = string.match(redis.call('GET', KEYS[i]) or '', '^(%a+) (%S+)$')
  if lane and redis.call('LREM', 'rq:queue:' .. lane, 1, id) == 1 then
    redis.call('DEL', 'rq:job:' .. id, KEYS[i])
    withdrawn = withdrawn + 1
  end
end
return withdrawn
"""


def withdraw(client: redis.Redis, recipe: str, cells: Iterable[int]) -> int:
    """Takes the runs that begin with these cells, and that nobody needs, out of their queues. Returns how many."""
    needs = demand.needs(client, recipe)
    names = [asked_name(cell_key(recipe, k)) for k in cells if not any(need.covers(k) for need in needs)]
    return int(client.eval(_WITHDRAW, len(names), *names)) if names else 0


def is_needed(client: redis.Redis, run: Run) -> bool:
    """Whether anybody still needs what this run begins with. Indexes and cues always are."""
    return run.product != "cells" or demand.is_needed(client, run.recipe, run.first)


def begun(client: redis.Redis, key: str) -> None:
    """A run that begins with this key holds its lease now: from here on the lease speaks for it."""
    client.delete(asked_name(key))


def is_anyone_waiting(client: redis.Redis, lane: Lane) -> bool:
    """Whether runs of this lane lie in the queue, which means that no slot is free for them."""
    return bool(client.llen(f"rq:queue:{lane}"))


def _queue(client: redis.Redis, lane: Lane) -> Queue:
    return Queue(lane, connection=client, serializer=JSONSerializer)


CHANNEL = "matinee:made"


def announce(client: redis.Redis, key: str, fault: str | None = None, *, code: str = "") -> None:
    """Tells every process that waits: this key is on the store, or could not be made for this reason."""
    state = "made" if fault is None else "fault"
    client.publish(CHANNEL, json.dumps({"key": key, "state": state, "fault": fault, "code": code}))


def announce_left(client: redis.Redis, keys: Sequence[str]) -> None:
    """Tells every process that waits: a run has ended before it made these; whoever needs one sends again."""
    for key in keys:
        client.publish(CHANNEL, json.dumps({"key": key, "state": "left", "fault": None}))

"""Runs on their way: never twice in a queue, and out of it when nobody needs them."""

from __future__ import annotations

import redis

from app.transcoding import demand, runs
from app.transcoding.keys import cell_key
from app.transcoding.runs import Run
from workers.serving import ForkingWorker

RECIPE = "b" * 32


def run(k: int, lane: runs.Lane = "now") -> Run:
    return Run("cells", lane, cell_key(RECIPE, k), 1, "origin", RECIPE, {}, k, 2)


def queued(client: redis.Redis, lane: str = "now") -> int:
    return int(client.llen(f"rq:queue:{lane}"))


def follow(client: redis.Redis, session: str, k: int) -> None:
    demand.follow(client, session=session, kind="video", recipe=RECIPE, k=k, until=k + 3, key=cell_key(RECIPE, k))


def believed_for(client: redis.Redis, k: int, ms: int) -> None:
    client.pexpire(runs.asked_name(cell_key(RECIPE, k)), ms)


def test_a_run_that_still_lies_in_its_queue_is_not_sent_again_however_long_it_lies(client: redis.Redis) -> None:
    assert runs.send(client, run(4))
    believed_for(client, 4, 20_000)

    assert not runs.send(client, run(4))
    assert queued(client) == 1


def test_a_run_that_was_lost_on_its_way_is_sent_again_when_it_is_not_believed_any_more(client: redis.Redis) -> None:
    runs.send(client, run(4))
    client.delete("rq:queue:now")
    assert not runs.send(client, run(4))
    believed_for(client, 4, 20_000)

    assert runs.send(client, run(4))
    assert queued(client) == 1


def test_who_waits_does_not_rely_on_what_was_only_sent_ahead(client: redis.Redis) -> None:
    assert runs.send(client, run(4, "ahead"))

    assert runs.send(client, run(4))
    assert (queued(client, "ahead"), queued(client)) == (0, 1)
    assert not runs.send(client, run(4, "ahead"))


def test_what_nobody_needs_is_withdrawn_and_what_another_needs_is_not(client: redis.Redis) -> None:
    follow(client, "other", 20)
    for k in (4, 20):
        runs.send(client, run(k))

    assert runs.withdraw(client, RECIPE, range(30)) == 1

    assert [job.args[0]["first"] for job in runs._queue(client, "now").jobs] == [20]
    assert len(list(client.scan_iter("rq:job:*"))) == 1
    assert runs.send(client, run(4))


def test_a_worker_does_not_begin_what_nobody_needs(client: redis.Redis) -> None:
    runs.send(client, run(4))
    worker = ForkingWorker([runs._queue(client, "now")], connection=client, serializer=runs.JSONSerializer)
    result = worker.queue_class.dequeue_any(worker.queues, None, connection=client, serializer=runs.JSONSerializer)
    assert result is not None
    began: list[object] = []
    worker.fork_work_horse = lambda job, _queue: began.append(job)

    worker.execute_job(*result)

    assert began == []
    assert not [*client.scan_iter("rq:job:*"), *client.scan_iter("matinee:asked:*")]
    assert not client.llen("rq:queue:now:intermediate")

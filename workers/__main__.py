"""`python -m workers`: every worker of this machine; `python -m workers QUEUE…`: one, for these queues in this order.

Playing comes first: `copy` has two processes of its own that do not fork for their work of milliseconds (a picture and
its sound are cut at once, and a file on a sleeping disk holds up one of them only), one slot serves only what a player
waits for, the rest of the slots (one for each core, two at least) read ahead as well. Background work is niced.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.util
import os
import sys

from app.jobs import PLAY_QUEUES, QUEUES
from app.web.logs import configure_logging
from config import Config, ConfigurationError
from workers import runtime
from workers.engines.tether import tether
from workers.nursery import Lane, Nursery
from workers.serving import serve

NICE = 14
"""Background work stands behind the encoders of players, which stand behind everything else."""


def lanes(url: str, *, cores: int) -> list[Lane]:
    """The worker processes of one machine. Strict order within each; background work apart, so none starves."""

    def worker(name: str, *queues: str, nice: int = 0, light: bool = False) -> Lane:
        return Lane(name, functools.partial(serve, url, queues, nice=nice, light=light))

    ahead = [worker(f"ahead-{number}", "now", "ahead") for number in range(1, max(2, min(cores, 8)))]
    return [
        worker("copy-1", "copy", light=True),
        worker("copy-2", "copy", light=True),
        worker("now", "now"),
        *ahead,
        worker("scan", "scan", nice=NICE),
        worker("metadata", "metadata", "fetch", nice=NICE),
        worker("prepare", "prepare", "metadata", "fetch", nice=NICE),
        Lane("scheduler", _scheduler),
        *([Lane("watcher", _watcher)] if importlib.util.find_spec("workers.watcher") else []),
    ]


def _scheduler() -> int:
    from workers import scheduler

    return scheduler.work()


def _watcher() -> int:
    return int(importlib.import_module("workers.watcher").work())


def main(arguments: list[str] | None = None) -> int:
    """Runs until it is told to stop. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m workers", description="Serves queues strictly in the order given.")
    parser.add_argument("queues", nargs="*", metavar="QUEUE", help=f"of {', '.join(QUEUES)}; none: all, in lanes")
    parser.add_argument("--nice", type=int, default=0, help="how far to stand back for playing (0..19)")
    parser.add_argument("--light", action="store_true", help="run jobs in this process (work of milliseconds)")
    parser.add_argument("--tethered", action="store_true", help="end together with the process that started this one")
    options = parser.parse_args(arguments)
    unknown = set(options.queues) - set(QUEUES)
    if unknown:
        parser.error(f"no such queue: {', '.join(sorted(unknown))}")
    try:
        config = Config.from_env()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    if options.tethered:
        tether()  # every job bears it, and what stayed would slow down the ones that come after
    configure_logging("workers")
    from app.factory import core

    runtime.use(core(config))
    if not options.queues or set(options.queues) & set(PLAY_QUEUES):
        from workers import transcode

        transcode.warm()
    if options.queues:
        return serve(config.redis_url, options.queues, nice=options.nice, light=options.light)
    return Nursery(lanes(config.redis_url, cores=len(os.sched_getaffinity(0)))).run()


if __name__ == "__main__":
    sys.exit(main())

"""`python -m workers.engines.supervisor`: supervisord in the foreground, looking around ten times a second.

As it comes it looks once a second, and waits one before it starts anything.
"""

from __future__ import annotations

import sys
from typing import Any

from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.supervisord import Supervisor

LOOK_S = 0.1


def main(arguments: list[str]) -> None:
    """Takes supervisord's own arguments; returns after an orderly stop."""
    options = ServerOptions()
    options.realize(arguments, doc=__doc__)
    options.first, options.test = True, False
    wait = options.poller.poll

    def look(_timeout: float) -> Any:
        return wait(LOOK_S)

    options.poller.poll = look
    try:
        Supervisor(options).main()
    except asyncore.ExitNow:
        options.close_logger()


if __name__ == "__main__":
    main(sys.argv[1:])

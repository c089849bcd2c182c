"""What the supervisor runs, as the text of its configuration.

Paths appear only as `%(here)s` (the folder of that file) or relative to the project's root, so that spaces and percent
signs in them need no care.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

from config import Config

PYTHON = ".venv/bin/python"


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised program. Lower `priority` starts earlier and stops later; a stop may take `patience_s`."""

    name: str
    command: str
    priority: int
    patience_s: int


REDIS = Program("redis", "-m workers.engines.redis_server", priority=1, patience_s=10)
WEB = Program("web", "-m gunicorn -c deploy/gunicorn.py wsgi:serve()", priority=20, patience_s=8)
WORKERS = Program("workers", "-m workers --tethered", priority=20, patience_s=8)


def programs(config: Config) -> tuple[Program, ...]:
    """The programs of this configuration."""
    return (REDIS, WEB, WORKERS) if config.redis_is_private else (WEB, WORKERS)


def supervisor_file(config: Config, python: str = PYTHON) -> str:
    """The configuration file of supervisord, which stands in `Config.run_dir`."""
    served = [program for program in programs(config) if program is not REDIS]
    sections = [_HEAD.format(open_files=_open_files()), *(_section(one, python) for one in programs(config))]
    sections.append(f"[group:matinee]\nprograms={','.join(one.name for one in served)}\npriority={WEB.priority}\n")
    return "\n".join(sections)


_HEAD = """\
[supervisord]
nodaemon=true
silent=true
logfile=%(here)s/../logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=2
loglevel=info
pidfile=%(here)s/supervisord.pid
minfds={open_files}
"""


def _section(program: Program, python: str) -> str:
    return f"""\
[program:{program.name}]
command="{python.replace("%", "%%")}" {program.command}
priority={program.priority}
autorestart=true
startsecs=1
startretries=1000000
stopwaitsecs={program.patience_s}
killasgroup=true
redirect_stderr=true
stdout_logfile=%(here)s/../logs/{program.name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


def _open_files() -> int:
    """As many descriptors as sockets, files and pipes may need, within what the system allows."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 16384 if hard == resource.RLIM_INFINITY else min(16384, hard)

"""What is measured, in Prometheus' terms, over all processes of one machine.

Each process counts into a file of its own in `PROMETHEUS_MULTIPROC_DIR` (set by the supervisor before anything is
loaded); without it, as in tests, counts stay in the process. What can be looked up (a queue's depth) is not kept: a
feature says with `looked_up` how to read it, and it is read when somebody asks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

import prometheus_client.values
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

_writer: str | None = None


def _who() -> str:
    return _writer or str(os.getpid())


if prometheus_client.values.ValueClass is not prometheus_client.values.MutexValue:
    # A work-horse lives for one job. Files by process id would grow without end; the lane's name is reused.
    prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(_who)  # type: ignore[no-untyped-call]


def write_as(name: str) -> None:
    """Names this process's file (no underscores). One process at a time may write under a name."""
    global _writer
    _writer = name


SCAN_FILES = Counter("matinee_scan_files_total", "Files looked at by scans.")
SCAN_SECONDS = Histogram(
    "matinee_scan_seconds", "Duration of whole scans.", buckets=(0.1, 1, 10, 60, 300, 1800, 7200, 36000)
)
TRANSCODE_SEGMENTS = Counter("matinee_transcode_segments_total", "Segments published.", ["method"])
TRANSCODE_SECONDS = Histogram(
    "matinee_transcode_seconds",
    "Duration of runs that make segments.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)
PLAYBACK_ERRORS = Counter("matinee_playback_errors_total", "Playbacks that failed.", ["code"])
HTTP_SECONDS = Histogram(
    "matinee_http_request_seconds",
    "Duration of HTTP requests.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)

# Files of processes hold only what has a value: a rate over an error that is first seen at 1 would miss it.
REFUSALS = ("busy", "file_missing", "not_ready")
"""Codes of answers that keep somebody from playing; counted where they are given."""
for _code in ("rendition_failed", *REFUSALS):
    PLAYBACK_ERRORS.labels(_code)
for _method in ("copy", "encode"):
    TRANSCODE_SEGMENTS.labels(_method)


class _LookedUp(Collector):
    """Gauges whose value stands elsewhere (a table, a queue) and is read for each answer."""

    def __init__(self) -> None:
        self._gauges: dict[str, tuple[str, tuple[str, ...], Callable[[], Mapping[tuple[str, ...], float]]]] = {}

    def add(
        self, name: str, about: str, labels: tuple[str, ...], read: Callable[[], Mapping[tuple[str, ...], float]]
    ) -> None:
        self._gauges[name] = (about, labels, read)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for name, (about, labels, read) in self._gauges.items():
            family = GaugeMetricFamily(name, about, labels=labels)
            for values, number in read().items():
                family.add_metric(values, number)
            yield family


_looked_up = _LookedUp()


def looked_up(
    name: str, about: str, read: Callable[[], Mapping[tuple[str, ...], float]], *, labels: tuple[str, ...] = ()
) -> None:
    """Registers a gauge: `read()` maps label values to numbers (`{(): 3.0}` without labels)."""
    _looked_up.add(name, about, labels, read)


def exposition() -> bytes:
    """Everything measured, in Prometheus' text format."""
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    except ValueError:  # not under a supervisor: this process alone
        return generate_latest(REGISTRY) + _live()
    return generate_latest(registry) + _live()


def _live() -> bytes:
    registry = CollectorRegistry()
    registry.register(_looked_up)
    return generate_latest(registry)

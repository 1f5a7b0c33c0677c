"""What a monitoring system reads at /metrics, in Prometheus's text format."""

import time
from collections.abc import Iterable, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conveyor.server.background import Background
from conveyor.server.input_window import InputWindow
from conveyor.server.live_model import ModelSlot
from conveyor.server.sessions import Sessions
from conveyor.server.shadow import AnsweredRequest, Shadow, ShadowAnswer

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
DIFFERENCES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384)
WAITING = 64  # requests whose rows wait to be compared with the training rows
MAX_CHANNELS = 100  # with a series of figures of its own each


class Metrics:
    """Counts requests, and compares their rows with the training rows after they are answered.

    Attributes:
        registry: of this server alone, so that several can run in a process.
    """

    def __init__(
        self, slot: ModelSlot, sessions: Sessions, shadow: Shadow | None = None
    ) -> None:  # fmt: skip
        self.registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self.requests = Counter("conveyor_requests", "Requests, by path and status",
                                ("path", "code"), registry=registry)  # fmt: skip
        self.seconds = Histogram("conveyor_request_seconds", "Time from a request's headers to "
                                 "the end of its response", labelnames=("path",),
                                 buckets=SECONDS, registry=registry)  # fmt: skip
        self.rows = Histogram("conveyor_request_rows", "Rows of an answered request",
                              buckets=ROWS, registry=registry)  # fmt: skip
        self.answers = Counter("conveyor_answers", "Answered rows, by what was answered",
                               ("field", "value"), registry=registry)  # fmt: skip
        self.predict_seconds = Histogram("conveyor_predict_seconds", "Time of a prediction, by the "
                                         "model that answers and the shadow", ("model",),
                                         buckets=SECONDS, registry=registry)  # fmt: skip
        self.shadow_rows = Counter("conveyor_shadow_rows", "Rows that the shadow predicted",
                                   registry=registry)  # fmt: skip
        self.disagreements = Counter("conveyor_shadow_disagreements", "Rows whose answer the "
                                     "shadow would change", registry=registry)  # fmt: skip
        self.differences = Histogram("conveyor_shadow_difference", "Largest difference of a row's "
                                     "outputs, in probability or standard deviations of the target",
                                     buckets=DIFFERENCES, registry=registry)  # fmt: skip
        self.window, self.background = InputWindow(), Background("comparing inputs", WAITING)
        registry.register(ModelCollector(slot, self.window, self.background))
        registry.register(SessionCollector(sessions))
        if shadow is not None:
            registry.register(ShadowCollector(shadow))

    def add(self, request: AnsweredRequest) -> None:
        """Count an answered request."""
        self.rows.observe(len(request.rows))
        self.predict_seconds.labels("live").observe(request.seconds)
        answers, outputs = request.predictions.task.answers, request.predictions.outputs
        for field, counts in answers.summarise(outputs).counts.items():
            for value, count in counts.items():
                self.answers.labels(field, value).inc(count)
        self.background.submit(lambda: self.window.add(request.live, request.rows))

    def add_shadow(self, answer: ShadowAnswer) -> None:
        """Count what the shadow gave for a request."""
        self.shadow_rows.inc(len(answer.answers))
        self.predict_seconds.labels("shadow").observe(answer.seconds)
        self.disagreements.inc(sum(answer.disagrees or ()))
        for difference in answer.differences or ():
            self.differences.observe(difference)

    def expose(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics, and the media type that fits the header `Accept`."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


class ModelCollector(Collector):
    """Reads at each call which model serves, and how the latest requests differ."""

    def __init__(self, slot: ModelSlot, window: InputWindow, background: Background) -> None:
        self.slot, self.window, self.background = slot, window, background

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics that are read and not counted."""
        live = self.slot.current
        yield GaugeMetricFamily("conveyor_model_ready", "1 once a model is loaded", int(bool(live)))
        if live is not None:
            names = {"name": live.name, "version": live.version, "digest": live.digest}
            yield InfoMetricFamily("conveyor_model", "The model that serves", names)
        yield CounterMetricFamily("conveyor_load_failures", "Failures to read the alias, or to "
                                  "load its version", self.slot.failures)  # fmt: skip
        yield CounterMetricFamily("conveyor_uncompared_requests", "Requests that were not compared "
                                  "with the training rows, since too many waited",
                                  self.background.dropped)  # fmt: skip
        shift = self.window.measure()
        if shift is None:
            return
        yield GaugeMetricFamily("conveyor_input_rows", "Rows of the latest requests in "
                                "the conveyor_input_* figures", shift.rows)  # fmt: skip
        if shift.unknown_share is not None:
            yield GaugeMetricFamily("conveyor_input_unknown_share", "Share of the tokens that the "
                                    "model does not know", shift.unknown_share)  # fmt: skip
        if len(shift.channels):
            channels = GaugeMetricFamily(
                "conveyor_input_shift",
                "Distance of a channel's mean from that of the training rows, in standard "
                "deviations (or in the unit of encoding.scaling)",
                labels=("channel",),
            )
            for channel, value in enumerate(shift.channels[:MAX_CHANNELS]):
                channels.add_metric((str(channel),), float(value))
            yield channels


class SessionCollector(Collector):
    """Reads at each call how many sessions are open, and what they have read."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics that are read and not counted."""
        sessions = self.sessions
        yield GaugeMetricFamily("conveyor_sessions", "Open sessions", sessions.count())
        yield CounterMetricFamily("conveyor_opened_sessions", "Sessions that were opened",
                                  sessions.opened)  # fmt: skip
        yield CounterMetricFamily("conveyor_expired_sessions", "Sessions that ended since they had "
                                  "no request for too long", sessions.expired)  # fmt: skip
        yield CounterMetricFamily("conveyor_session_steps", "Steps that sessions have read",
                                  sessions.steps)  # fmt: skip


class ShadowCollector(Collector):
    """Reads at each call which model is the shadow, and how often it did not answer."""

    def __init__(self, shadow: Shadow) -> None:
        self.shadow = shadow

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics that are read and not counted."""
        live = self.shadow.slot.current
        if live is not None:
            names = {"version": live.version, "digest": live.digest}
            yield InfoMetricFamily("conveyor_shadow", "The model that is the shadow", names)
        yield CounterMetricFamily("conveyor_shadow_failures", "Requests that the shadow could not "
                                  "answer", self.shadow.failures)  # fmt: skip
        yield CounterMetricFamily("conveyor_shadow_skipped_requests", "Requests that the shadow "
                                  "did not get, since too many waited",
                                  self.shadow.background.dropped)  # fmt: skip


class RequestMetrics:
    """ASGI middleware that counts and times each request, under the path of its route."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Sequence[Route]) -> None:
        self.app, self.metrics, self.routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, code = time.perf_counter(), 500  # of a handler that raises

        async def send_and_watch(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_watch)
        finally:
            path = find_path(self.routes, scope)
            self.metrics.requests.labels(path, str(code)).inc()
            self.metrics.seconds.labels(path).observe(time.perf_counter() - start)


def find_path(routes: Sequence[Route], scope: Scope) -> str:
    """Return the path of a request's route, such as /v2/models/{name}; `other` if it has none, so
    that no client can make up new series of figures."""
    matches = (route.path for route in routes if route.matches(scope)[0] is not Match.NONE)
    return next(matches, "other")

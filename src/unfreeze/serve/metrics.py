"""What the server counts, in the text form that Prometheus reads."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PICTURES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counters and histograms of one server.

    Args:
        waiting: Gives the number of pictures that wait or are in work.
        held_bytes: Gives the number of bytes of bodies that are held.
    """

    def __init__(self, *, waiting: Callable[[], float], held_bytes: Callable[[], float]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "unfreeze_requests", "Requests by route and status.", ["route", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "unfreeze_request_seconds",
            "From a request's first byte to its answer's last.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self._pictures = Counter(
            "unfreeze_pictures", "Pictures by model and outcome.", ["model", "outcome"], registry=registry
        )
        self._batches = Histogram(
            "unfreeze_batch_pictures", "Pictures in a batch.", ["model"], buckets=PICTURES, registry=registry
        )
        self._batch_wait = Histogram(
            "unfreeze_batch_wait_seconds",
            "How long a batch's first picture waited for the engine.",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        )
        Gauge("unfreeze_queue_pictures", "Pictures that wait or are in work.", registry=registry).set_function(waiting)
        Gauge("unfreeze_held_bytes", "Bytes of bodies that are held.", registry=registry).set_function(held_bytes)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Counts an answered request.

        Args:
            route: One of the server's own paths.
            status: HTTP status of the response.
            seconds: How long it took.
        """
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def picture(self, model: str, outcome: str) -> None:
        """Counts a picture: "answered", "refused", or the kind of its problem."""
        self._pictures.labels(model, outcome).inc()

    def batch(self, model: str, pictures: int, seconds: float) -> None:
        """Counts a batch of so many pictures whose first one waited so many seconds."""
        self._batches.labels(model).observe(pictures)
        self._batch_wait.labels(model).observe(seconds)

    def text(self) -> bytes:
        """All figures, in the text form."""
        return generate_latest(self._registry)

"""`unfreeze serve`: models over HTTP, with a page for people, without loading torch."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from unfreeze.cli import serve_flags as flags
from unfreeze.cli.serve_flags import DEFAULTS, KEY_VARIABLE
from unfreeze.errors import SettingsError
from unfreeze.serve.limits import MIB, ServeLimits
from unfreeze.serve.loopback import is_local_name

if TYPE_CHECKING:
    import socket

    from fastapi import APIRouter
    from starlette.types import ASGIApp

    from unfreeze.serve.app import Access, Threads

ONE_THREAD_EACH = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Pictures are what is done side by side here. Threads of numpy's own, for a product that takes a millisecond, would
wait for each other busily and take more than half of the processor (docs/decisions/0017-batches.md)."""


def serve_command(
    models: flags.Models,
    host: flags.Host = "127.0.0.1",
    port: flags.Port = 8000,
    key: flags.Key = "",
    allow_host: flags.AllowHost = None,
    threads: flags.Cores = None,
    batch_size: flags.BatchSize = 0,
    batch_wait_ms: flags.BatchWait = 0.0,
    max_pictures: flags.MaxPictures = DEFAULTS.pictures,
    max_picture_mb: flags.MaxPictureMb = flags.PICTURE_MB,
    max_request_mb: flags.MaxRequestMb = flags.REQUEST_MB,
    max_memory_mb: flags.MaxMemoryMb = flags.MEMORY_MB,
    max_megapixels: flags.MaxMegapixels = flags.MEGAPIXELS,
    queue: flags.Queue = DEFAULTS.queue_pictures,
    rate: flags.Rate = DEFAULTS.requests_per_minute,
    timeout: flags.Timeout = DEFAULTS.answer_seconds,
    body_timeout: flags.BodyTimeout = DEFAULTS.body_seconds,
    review: flags.Review = False,
    findings: flags.Findings = None,
    quiet: flags.Quiet = False,
) -> None:
    """Answer over HTTP: a page at /, an API under /v1, its description at /openapi.json.

    It listens before its models are read; /ready answers 200 once they are. Only this machine can ask unless --host
    says otherwise; the review page is for this machine alone. SIGHUP reads the models again; SIGTERM answers what was
    accepted, and ends.
    """
    limits = ServeLimits(
        pictures=max_pictures,
        picture_bytes=max_picture_mb * MIB,
        request_bytes=max_request_mb * MIB,
        held_bytes=max_memory_mb * MIB,
        pixels=int(max_megapixels * 1e6),
        queue_pictures=queue,
        requests_per_minute=rate,
        answer_seconds=timeout,
        body_seconds=body_timeout,
        stall_seconds=min(DEFAULTS.stall_seconds, body_timeout),
    )
    threading = _threads(threads, batch_size, batch_wait_ms)
    sources = sources_of(models)
    check_review(review, findings, host=host, allow_host=allow_host or (), key=key)
    with _more_routes(next(iter(sources.values())) if review else None, findings, quiet=quiet) as more:
        from unfreeze.serve.app import Access, create_app

        access = Access(key=key, hosts=hosts_of(host, allow_host or ()))
        make_app = partial(create_app, sources, limits=limits, access=access, threads=threading, more=more)
        _serve(make_app, (host, port), limits, access, said=() if quiet else said(sources, review=review))


def _threads(threads: int | None, batch_size: int, batch_wait_ms: float) -> "Threads":
    """How the cores are used; numpy, which reads this when it is loaded, uses one each."""
    for variable in ONE_THREAD_EACH:
        os.environ.setdefault(variable, "1")
    from unfreeze.serve.app import Threads
    from unfreeze.serve.batching import Batching

    cores = threads or os.cpu_count() or 1
    return Threads(decoders=cores, batching=Batching(size=batch_size, wait_ms=batch_wait_ms, workers=cores))


def sources_of(models: Sequence[str]) -> dict[str, Path]:
    """The models that a user names, by the names that clients give them.

    Args:
        models: `NAME=PATH`, or a path, whose model is called as its run folder or its file is.

    Returns:
        Paths by name, in the same order.

    Raises:
        SettingsError: If two have the same name.
    """
    from unfreeze.serve.shown import shown

    sources: dict[str, Path] = {}
    for words in models:
        name, equals, rest = words.partition("=")
        path = Path(words if Path(words).exists() or not equals else rest)
        name = shown(name if path == Path(rest) and equals else _name_of(path))
        if not name or name in sources:
            what = "two models are" if name else "a model is"
            message = f"{shown(words)}: {what} called {name!r}; write NAME={shown(str(path))}"
            raise SettingsError(message, subject=words)
        sources[name] = path
    return sources


def hosts_of(host: str, allowed: Sequence[str]) -> frozenset[str]:
    """Names under which a server may be asked.

    Args:
        host: Where it listens.
        allowed: What the user allows beside that.

    Returns:
        Names; none where it may be asked under any.
    """
    from unfreeze.serve.guard import LOCAL_NAMES

    if not is_local_name(host) and not allowed:
        return frozenset()
    return LOCAL_NAMES | {host, *allowed}


def check_review(review: bool, findings: Path | None, *, host: str, allow_host: Sequence[str], key: str) -> None:
    """Makes sure that a review page is reached from this machine alone.

    Args:
        review: Whether there is to be one.
        findings: Findings that were named for it.
        host: Where the server listens.
        allow_host: Other names under which it answers.
        key: What clients have to show.

    Raises:
        SettingsError: If others could reach it, or could not show the key; or if findings are named without it.
    """
    alone = "--review is for this machine alone: its page changes what a run is trained on"
    if findings and not review:
        raise SettingsError("--findings are for the review page; add --review", subject="--findings")
    if review and not is_local_name(host):
        raise SettingsError(f"{alone}; leave --host {host} away", subject="--host")
    if review and allow_host:
        raise SettingsError(f"{alone}; leave --allow-host away", subject="--allow-host")
    if review and key:
        message = f"{alone}, where a browser that opens it shows no key; leave --key and {KEY_VARIABLE} away"
        raise SettingsError(message, subject="--key")


def said(sources: Collection[str], *, review: bool) -> Sequence[str]:
    """What is printed when the server listens, with a place for its address.

    Args:
        sources: Names of the models.
        review: Whether there is a review page.

    Returns:
        Lines.
    """
    return [f"Serving {', '.join(sources)} at {{url}}", *(["Review: {url}/review"] if review else [])]


@contextmanager
def _more_routes(run: Path | None, findings: Path | None, *, quiet: bool) -> "Iterator[list[APIRouter]]":
    """The routes of the review page of a run, as long as its review is open; none without a run."""
    if run is None:
        yield []
        return
    from unfreeze.cli.console import RunConsole
    from unfreeze.serve.review.routes import review_routes
    from unfreeze.serve.review.session import open_session

    with ExitStack() as stack:
        with RunConsole(quiet=quiet) as console:
            session = stack.enter_context(open_session(run, findings=findings, observer=console))
            console.note(session.source)
        yield [review_routes(session)]


def _name_of(path: Path) -> str:
    whole = path.resolve()
    return whole.parent.name if whole.name == "model" else whole.name.removesuffix(".unfreeze")


def _serve(
    make_app: "Callable[..., ASGIApp]",
    address: tuple[str, int],
    limits: ServeLimits,
    access: "Access",
    *,
    said: Sequence[str],
) -> None:
    """Serves until it is told to stop."""
    from unfreeze.serve.run import Stoppable, open_socket, serve_until_stopped

    failures: list[Exception] = []

    def give_up(error: Exception) -> None:
        failures.append(error)
        server.stop()

    _warn(address[0], access)
    with open_socket(*address) as listener:
        server = Stoppable(
            make_app(on_failure=give_up),
            limits=limits,
            stop_seconds=round(limits.body_seconds + limits.answer_seconds),
            on_start=lambda: typer.echo("\n".join(said).replace("{url}", _url(listener))) if said else None,
        )
        serve_until_stopped(server, listener)
    if failures:
        raise failures[0]
    if said:
        typer.echo("Stopped; everything that was accepted is answered.")


def _warn(host: str, access: "Access") -> None:
    if not is_local_name(host) and not access.key:
        message = f"warning: anyone who reaches {host} can use this server; set {KEY_VARIABLE} to ask for a key"
        typer.echo(f"{message}, and put TLS in front of it", err=True)


def _url(listener: "socket.socket") -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

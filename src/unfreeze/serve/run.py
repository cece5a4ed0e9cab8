"""Runs an application until it is told to stop."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from unfreeze.errors import SettingsError
from unfreeze.serve.connections import protocol
from unfreeze.serve.limits import ServeLimits

KEEP_ALIVE_SECONDS = 15
BACKLOG = 512


def open_socket(host: str, port: int) -> socket.socket:
    """A socket to listen on.

    Args:
        host: Name or address.
        port: Number; 0 for a free one.

    Returns:
        The socket, bound.

    Raises:
        SettingsError: If it cannot be had.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror  # below 0: of a name
        message = f"{host}:{port}: cannot be listened on ({reason}); choose another --host or --port"
        raise SettingsError(message, subject="--port") from error


class Stoppable(uvicorn.Server):
    """A server that says when it listens, and can be stopped from inside.

    Args:
        app: The application.
        limits: What connections may cost.
        stop_seconds: How long requests in work may take once the server is told to stop.
        on_start: Called when it listens.
    """

    def __init__(
        self, app: ASGIApp, *, limits: ServeLimits, stop_seconds: int, on_start: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol(connections=limits.connections, stall_seconds=limits.stall_seconds),
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=stop_seconds,
            )
        )
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets=sockets)
        if self.started:
            self._on_start()

    def stop(self) -> None:
        """Has the server stop accepting, answer what it has accepted, and end."""
        self.should_exit = True


def serve_until_stopped(server: Stoppable, listener: socket.socket) -> None:
    """Serves until SIGTERM, SIGINT or `stop`; accepted requests are answered before this returns.

    Args:
        server: The server.
        listener: Where it listens.
    """
    # uvicorn raises the signal again when all is done, for those whose own handlers wait for it: ours is done then.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

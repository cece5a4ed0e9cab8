"""Who may use the review page: a browser on this machine that has this server's page open."""

import hmac
import secrets

from starlette.requests import Request

from unfreeze.serve.loopback import is_local_name, is_loopback
from unfreeze.serve.problems import Problem

TOKEN_HEADER = "X-Review-Token"  # noqa: S105 - a header's name
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""What a proxy adds: whoever asks through one may be anywhere."""


class LocalAccess:
    """Checks requests; the server's guard has looked at the names of host and origin before.

    Attributes:
        token: What the page shows with each decision; another one each time that the server starts.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)

    def check(self, request: Request) -> None:
        """Lets in who asks from this machine.

        Args:
            request: The request.

        Raises:
            Problem: If it comes from elsewhere, through a proxy, or under a name that is not this machine's.
        """
        client = request.client.host if request.client else ""
        if not is_loopback(client) or any(name in request.headers for name in FORWARDED):
            raise Problem(403, "not-local", "the review page is for this machine alone")
        if not is_local_name(request.headers.get("host", "")):
            raise Problem(403, "unknown-host", "the review page is asked under localhost or 127.0.0.1 alone")

    def check_own_page(self, request: Request) -> None:
        """Lets in what this server's own page asks for, which no page of another site may show.

        Args:
            request: The request.

        Raises:
            Problem: As of `check`, and if a page of another site asks.
        """
        self.check(request)
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Problem(403, "other-site", "a page of another site may not use this server")

    def check_decision(self, request: Request) -> None:
        """Lets in what the page sends.

        Args:
            request: The request.

        Raises:
            Problem: As of `check_own_page`, and if it does not show the token, or is not sent as JSON, which a page of
                another site could not do without being asked about it.
        """
        self.check_own_page(request)
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), self.token.encode()):
            raise Problem(
                403, "old-page", "the server was started anew since this page was opened; load the page again"
            )
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Problem(415, "not-json", "decisions are sent as application/json")

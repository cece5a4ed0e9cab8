"""The review page: one file with all that it needs, which asks nobody but this server."""

from unfreeze.serve.page import assembled

TOKEN_PLACE = "{token}"  # noqa: S105 - where the token goes


def review_page(token: str) -> tuple[str, str]:
    """The page, and the policy that lets a browser run nothing but what stands in it.

    Args:
        token: What the page shows with each decision; letters, digits, - and _ alone.

    Returns:
        HTML, and the value of its header Content-Security-Policy.
    """
    text, policy = assembled("review/page/review.html", styles=STYLES, scripts=SCRIPTS, images="'self' data:")
    return text.replace(TOKEN_PLACE, token), policy


STYLES = ("page/page.css", "review/page/review.css")
SCRIPTS = tuple(
    f"review/page/{name}" for name in ("asking.js", "item.js", "classes.js", "around.js", "head.js", "start.js")
)

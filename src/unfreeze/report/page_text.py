"""Fills the templates of pages: whatever comes from outside is text and never markup."""

from typing import Any


def rendered(template: str, **values: Any) -> str:
    """Fills a template of this package.

    Args:
        template: Its file's name.
        **values: What it shows; text is escaped, and a value that the template names and that is missing is a mistake.

    Returns:
        HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(loader=PackageLoader("unfreeze.report"), autoescape=True, undefined=StrictUndefined)
    environment.filters["percent"] = _percent
    return environment.get_template(template).render(**values)


def _percent(share: float | None) -> str:
    """A share in per cent; a dash for one that is not defined.

    >>> _percent(0.995), _percent(float("nan"))
    ('99.5 %', '-')
    """
    return "-" if share is None or share != share else f"{100 * share:.1f} %"

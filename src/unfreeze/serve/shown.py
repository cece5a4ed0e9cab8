"""Names of files as an answer can hold them, whatever bytes they are made of."""

from typing import Any


def shown(text: str) -> str:
    r"""A text for people: bytes of a name that are no UTF-8 are escaped, which JSON could not hold otherwise.

    >>> shown(b"caf\xe9".decode("utf-8", "surrogateescape"))
    'caf\\udce9'
    """
    return text.encode("utf-8", "backslashreplace").decode()


def shown_throughout(plain: Any) -> Any:
    r"""Plain values with all texts in them as `shown` gives them; keys stay.

    >>> shown_throughout({"paths": ("a", "\udce9"), "count": 2})
    {'paths': ['a', '\\udce9'], 'count': 2}
    """
    if isinstance(plain, str):
        return shown(plain)
    if isinstance(plain, dict):
        return {key: shown_throughout(value) for key, value in plain.items()}
    return [shown_throughout(value) for value in plain] if isinstance(plain, list | tuple) else plain

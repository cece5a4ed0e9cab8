"""Where caches live: in the platform's cache folder, or where `UNFREEZE_CACHE` says. Never beside the pictures."""

import os
from pathlib import Path

CACHE_VARIABLE = "UNFREEZE_CACHE"


def cache_folder(*parts: str) -> Path:
    """A folder below the cache, made if it is not there.

    Args:
        *parts: Names of the folders below the cache's root.

    Returns:
        The folder.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        root = Path(chosen).expanduser()
    else:
        from platformdirs import user_cache_path

        root = user_cache_path("unfreeze", appauthor=False)
    folder = root.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder

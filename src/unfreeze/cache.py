"""Where caches live: in the platform's cache folder, or where `UNFREEZE_CACHE` says. Never beside the pictures."""

import os
from enum import StrEnum
from pathlib import Path

from unfreeze.errors import RunError

CACHE_VARIABLE = "UNFREEZE_CACHE"


class Part(StrEnum):
    """Parts of the cache that can be removed: all of it is computed again when it is needed."""

    ACTIVATIONS = "activations"
    SCANS = "scans"
    GRAPHS = "graphs"
    SKELETONS = "skeletons"
    ARCHIVES = "archives"


def cache_folder(*parts: str) -> Path:
    """A folder below the cache, made if it is not there.

    Args:
        *parts: Names of the folders below the cache's root.

    Returns:
        The folder.

    Raises:
        RunError: If the folder cannot be made.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        root = Path(chosen).expanduser()
    else:
        from platformdirs import user_cache_path

        root = user_cache_path("unfreeze", appauthor=False)
    folder = root.joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder}: cannot be made ({error.strerror}); name another cache folder in {CACHE_VARIABLE}"
        raise RunError(message, subject=folder) from error
    return folder

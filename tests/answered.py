"""What a bulk run left: its rows, read back by pyarrow from all parts."""

from pathlib import Path
from typing import Any

from pyarrow import parquet


def rows_of(out: Path, table: str = "predictions") -> list[dict[str, Any]]:
    """All rows of a table, in the order of the parts."""
    found: list[dict[str, Any]] = []
    for part in sorted((out / table).glob("*.parquet")):
        found += parquet.ParquetFile(part).read().to_pylist()
    return found


def paths_of(out: Path, table: str = "predictions") -> list[str]:
    """The paths of all rows."""
    return [row["path"] for row in rows_of(out, table)]

"""The files of a part's answers: one table of predictions and, where there are any, one of files that are none."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unfreeze.bulk.places import Place
from unfreeze.errors import RunError
from unfreeze.parallel import in_parallel

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    from unfreeze.deploy.predictor import Prediction, Predictor

PREDICTIONS, BAD = "predictions", "bad"
"""Folders of the two tables."""

ROWS_AT_A_TIME = 4096
"""Rows that are held before they are written."""

FAR_AT_A_TIME = 32
"""Files of an object store whose ends are read at a time: each is a wait, and no work."""

COUNTS = b"unfreeze"
"""Under this name a part's file says what it counts."""


PART_NAME = re.compile(r"part-([0-9]{8,})\.parquet")
"""What `part_file` gives; others name their parts likewise."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of pictures.

    Attributes:
        pictures: How many were met.
        predicted: Those with a row of predictions.
        bad: Those in the table of bad files.
        seconds: What it took.
    """

    pictures: int = 0
    predicted: int = 0
    bad: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})


def part_file(number: int) -> str:
    """Name of a part's file in either folder.

    >>> part_file(7)
    'part-00000007.parquet'
    """
    return f"part-{number:08d}.parquet"


def schemas(predictor: "Predictor") -> tuple["pa.Schema", "pa.Schema"]:
    """Columns of predictions, which are those of `predict --csv`, and of bad files."""
    import pyarrow as pa

    names = pa.list_(pa.string())
    known = [("distance", pa.float32()), ("refused", pa.bool_()), ("set", names)]
    probabilities = [(f"p:{name}", pa.float32()) for name in predictor.classes]
    predicted = ("predicted", names if predictor.objective.several else pa.string())
    good = pa.schema([("path", pa.string()), predicted, *known, *probabilities])
    return good, pa.schema([("path", pa.string()), ("error", pa.string())])


class Table:
    """Rows that go to a Parquet file, some at a time.

    Args:
        path: The file.
        schema: Its columns.
    """

    def __init__(self, path: Path, schema: "pa.Schema") -> None:
        self.path, self.rows = path, 0
        self._schema, self._held = schema, list[tuple[Any, ...]]()
        self._writer: ParquetWriter | None = None

    def add(self, row: tuple[Any, ...]) -> None:
        """One more row, in the order of the columns."""
        self.rows += 1
        self._held.append(row)
        if len(self._held) == ROWS_AT_A_TIME:
            self._flush()

    def close(self, counts: Counts | None = None) -> None:
        """Ends the file, with what it counts."""
        self._flush()
        assert self._writer
        if counts:
            self._writer.add_key_value_metadata({COUNTS: json.dumps(asdict(counts)).encode()})
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        self._writer = self._writer or ParquetWriter(self.path, self._schema, compression="zstd")
        columns = zip(*self._held, strict=True) if self._held else ([] for _ in self._schema)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.table(arrays, self._schema))
        self._held.clear()


def row_of(predictor: "Predictor", prediction: "Prediction") -> tuple[Any, ...]:
    """A prediction as a row of the table."""
    names = predictor.names(prediction)
    return (
        as_text(prediction.path),
        list(names) if predictor.objective.several else names[0],
        prediction.distance,
        prediction.refused,
        list(prediction.candidates) if predictor.settings.sets else None,
        *prediction.probabilities,
    )


def as_text(name: str) -> str:
    """A name in UTF-8; bytes that are none are escaped, as in the files of `predict --csv`."""
    return name.encode("utf-8", "backslashreplace").decode()


def done_numbers(out: Place) -> set[int]:
    """Numbers of the parts that are written."""
    found = (PART_NAME.fullmatch(name) for name in (out / PREDICTIONS).names_in())
    return {int(match[1]) for match in found if match}


def counted(out: Place, numbers: Iterable[int]) -> Iterator[Counts]:
    """What each part's files hold, read from their ends.

    Args:
        out: The run's folder.
        numbers: Parts that are written.

    Returns:
        What was counted when each part was written; it is as many rows as its files have.

    Raises:
        RunError: If a file is not what was written.
    """
    with_bad = set((out / BAD).names_in())

    def count(number: int) -> Counts:
        name = part_file(number)
        try:
            rows, said = _footer(out / PREDICTIONS / name)
            bad = _footer(out / BAD / name)[0] if name in with_bad else 0
            found = Counts(**json.loads(said))
        except (ValueError, TypeError) as error:
            raise _not_whole(out / PREDICTIONS / name) from error
        if (rows, bad, rows + bad) != (found.predicted, found.bad, found.pictures):
            raise _not_whole(out / PREDICTIONS / name)
        return found

    return in_parallel(count, numbers, threads=1 if out.is_local else FAR_AT_A_TIME)


def _not_whole(predictions: Place) -> RunError:
    """The error of a part whose files were cut or changed; without its predictions it is done again."""
    message = f"{predictions.name}: is not what was written; remove {predictions.name} and call again"
    return RunError(message, subject=predictions.name)


def _footer(where: Place) -> tuple[int, bytes]:
    """The number of rows of a Parquet file, and what it says of itself."""
    from pyarrow.parquet import read_metadata

    with where.files.open(where.path, "rb") as file:
        found = read_metadata(file)
    return found.num_rows, (found.metadata or {}).get(COUNTS, b"{}")

"""What a worker does: the answers of one part after another, each written whole, whoever else may do the same part."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from unfreeze.bulk.answers import BAD, PREDICTIONS, Counts, Table, as_text, counted, part_file, row_of, schemas
from unfreeze.bulk.places import place
from unfreeze.bulk.plan import Part, Ticket, read_part
from unfreeze.bulk.reading import Unreachable, pictures_of
from unfreeze.errors import UnfreezeError

if TYPE_CHECKING:
    from unfreeze.deploy.predictor import Predictor


NOTHING = Counts()


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of a part.

    Attributes:
        number: The part's.
        counts: What it holds; nothing where it could not be done.
        error: Why it could not be done; it may be later.
    """

    number: int
    counts: Counts = NOTHING
    error: str = ""


class Worker:
    """Answers parts of one run.

    Args:
        predictor: The model.
        out: The run's folder.
        tta_views: Augmented views to average with the plain one.
    """

    def __init__(self, predictor: "Predictor", out: str, *, tta_views: int = 0) -> None:
        self._predictor, self._tta_views = predictor, tta_views
        self._out = place(out)

    def __call__(self, ticket: Ticket) -> Done:
        """Does a part, unless it is there, and writes its files whole or not at all.

        The predictions come last, and say that it is done.

        Args:
            ticket: Where the part stands in the plan.

        Returns:
            What came of it.
        """
        written = self._out / PREDICTIONS / part_file(ticket.number)
        try:
            if written.is_file():  # by who was lost before it could say so
                return Done(number=ticket.number, counts=next(counted(self._out, [ticket.number])))
            return Done(number=ticket.number, counts=self._answer(read_part(self._out, ticket)))
        except (Unreachable, UnfreezeError, OSError) as error:
            return Done(number=ticket.number, error=str(error))

    def _answer(self, part: Part) -> Counts:
        started = time.monotonic()
        name = part_file(part.number)
        with TemporaryDirectory(prefix="unfreeze-") as folder:
            files = {kind: Path(folder) / kind for kind in (BAD, PREDICTIONS)}
            good_schema, bad_schema = schemas(self._predictor)
            good, bad = Table(files[PREDICTIONS], good_schema), Table(files[BAD], bad_schema)
            for prediction in self._predictor.stream(pictures_of(part), tta_views=self._tta_views):
                if prediction.error:
                    bad.add((as_text(prediction.path), as_text(prediction.error)))
                else:
                    good.add(row_of(self._predictor, prediction))
            counts = Counts(
                pictures=good.rows + bad.rows,
                predicted=good.rows,
                bad=bad.rows,
                seconds=time.monotonic() - started,
            )
            bad.close()
            good.close(counts)
            if bad.rows:
                (self._out / BAD / name).take(files[BAD])
            else:
                (self._out / BAD / name).remove()  # of an earlier try that was broken off, and could not read a file
            (self._out / PREDICTIONS / name).take(files[PREDICTIONS])
        return counts

"""Lines of texts and numbers beside what `csv.reader` makes of them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.evaluation.csv_lines import csv_lines

CELLS = st.text(st.sampled_from("ab,\"'\n\r é"), max_size=5)


@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=5), st.integers(1, 4), st.sampled_from(["\n", "\r\n"])
)
def test_cells_are_those_of_the_csv_reader(rows: list[list[str]], first: int, end: str) -> None:
    file = io.StringIO(newline="")
    # Before Python 3.13 a carriage return in a name is quoted only where lines end in one.
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    text = file.getvalue() if end == "\r\n" else file.getvalue().replace("\r\n", "\n")
    expected = list(csv.reader(io.StringIO(text, newline="")))
    found = list(csv_lines(text, first=first))
    assert [line.cells for line in found] == [row[:first] for row in expected]
    assert [line.rest for line in found] == [",".join(row[first:]) if len(row) > first else None for row in expected]


@pytest.mark.parametrize("text", ['"\n\n', "\r\r\n\n", '"a\n', "\n\n"])
def test_lines_that_no_writer_writes_are_read_as_well(text: str) -> None:
    found = [line.cells for line in csv_lines(text, first=99)]
    assert found == list(csv.reader(io.StringIO(text, newline="")))


def test_columns_are_counted_without_being_taken_apart() -> None:
    lines = list(csv_lines('a,1,2,3\n"a,b",1\nc\n\n', first=1))
    assert [line.columns for line in lines] == [4, 2, 1, 0]


def test_a_quote_that_never_ends_is_an_error_where_it_is_long() -> None:
    with pytest.raises(csv.Error, match="field larger"):
        list(csv_lines('"' + "a" * 200_000 + "\n", first=1))

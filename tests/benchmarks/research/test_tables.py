"""Tables of rows that are easy to reckon with."""

from benchmarks.research.comparisons import FINAL_ACCURACY, FINAL_LOSS
from benchmarks.research.rows import Row
from benchmarks.research.tables import comparison_table, reference_table

WOBBLE = (0.99, 1.0, 1.01)


def rows(variant: str, *losses: float | None) -> list[Row]:
    return [
        Row(dataset="pets", variant=variant, seed=seed, loss=loss, accuracy=None if loss is None else 1 - loss)
        for seed, loss in enumerate(losses)
    ]


ROWS = [
    *rows("plain", 0.1, 0.1, 0.1),
    *rows("worse", *(0.2 * each for each in WOBBLE)),
    *rows("the same", *(0.1 * each for each in WOBBLE)),
    *rows("too hot", None, None, None),
]
PAIRS = [(name, "plain") for name in ("worse", "the same", "too hot")]


def test_changes_stand_with_their_intervals() -> None:
    lines = comparison_table(ROWS, PAIRS, FINAL_LOSS, first="changed").splitlines()
    assert lines[0] == "| changed | pets | better | worse |"
    assert lines[2] == "| worse | **+100 %** (+95 to +105) | 0 (0) | 1 (1) |"
    assert lines[3] == "| the same | -0.0 % (-2.5 to +2.5) | 0 (0) | 0 (0) |"
    assert lines[4] == "| too hot | breaks down (3) | 0 (0) | 0 (0) |"
    assert lines[6].startswith("Loss, final weights: 2 comparisons over 3 seeds.")


def test_accuracies_are_in_points() -> None:
    lines = comparison_table(ROWS, PAIRS[:1], FINAL_ACCURACY, first="changed").splitlines()
    assert lines[2] == "| worse | **-10.00** (-10.50 to -9.50) | 0 (0) | 1 (1) |"


def test_without_rows_there_is_no_table() -> None:
    assert comparison_table([], PAIRS, FINAL_LOSS, first="changed") == "No rows yet."
    two = [row for row in ROWS if row.seed < 2]
    assert comparison_table(two, PAIRS, FINAL_LOSS, first="changed").startswith("Fewer than 3 seeds so far")
    one = [*ROWS[:3], *rows("too hot", None)]
    assert "Too few seeds" in comparison_table(one, PAIRS, FINAL_LOSS, first="changed")


def test_references_have_mean_and_range() -> None:
    found = reference_table([*rows("plain", 0.1, 0.2, 0.3), *ROWS[3:]], ["plain", "nothing"], first="plan")
    assert found.splitlines()[-1] == "| plain | 0.200 (0.100 to 0.300); 80.0 (70.0 to 90.0) % |"

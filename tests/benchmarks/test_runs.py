"""Parts and the runs that they need."""

from benchmarks.competitors.eight_steps import cycles
from benchmarks.runs import PARTS, RUNS, chosen


def test_names_are_unique() -> None:
    names = [run.name for run in RUNS]
    assert len(set(names)) == len(names)


def test_all_parts_are_all_runs() -> None:
    assert chosen(PARTS) == RUNS


def test_a_part_brings_the_runs_of_others_that_it_is_compared_with() -> None:
    assert [run.name for run in chosen(("tta",))] == ["ours-1-3-cold", "ours-tta", "fastai-tta"]


def test_a_warm_run_follows_a_cold_one_with_the_same_cache_and_words() -> None:
    cold = {run.name: run for run in RUNS if run.cache and not run.warm}
    for run in RUNS:
        if run.warm:
            before = cold[run.needs]
            assert RUNS.index(before) < RUNS.index(run)
            assert (before.cache, before.words) == (run.cache, run.words)


def test_cycles_come_to_the_epochs_asked_for() -> None:
    assert cycles(7) == [1, 2, 4]
    assert cycles(5) == [1, 2, 2]
    assert cycles(0) == []

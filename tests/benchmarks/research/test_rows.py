"""Rows are kept, and trained once."""

from pathlib import Path

from benchmarks.research.rows import Row, Task, read_rows, tasks_of, write_missing


def made(task: Task) -> Row:
    name, variant, seed = task
    return Row(dataset=name, variant=variant, seed=seed, loss=1 / 3, accuracy=0.5, losses=(0.5, 1 / 3))


def test_a_study_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    path = tmp_path / "data" / "rows.jsonl"
    trained: list[Task] = []

    def train(task: Task) -> Row:
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append(task)
        return made(task)

    tasks = tasks_of(["a", "b"], ["x", "y"], 2)
    assert len(tasks) == 8
    for _ in range(3):
        try:
            write_missing(path, tasks, train)
        except KeyboardInterrupt:
            trained.clear()
    assert [row.task for row in read_rows(path)] == tasks
    assert trained == tasks[6:]


def test_what_is_read_is_what_was_trained(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert read_rows(path) == []
    write_missing(path, [("a", "x", 0)], made)
    (row,) = read_rows(path)
    assert (row.loss, row.accuracy, row.best_loss, row.losses) == (0.333333, 0.5, None, (0.5, 0.333333))

"""Parts of what is shared, and a process on its own."""

from dataclasses import dataclass, field

import torch
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.world import ALONE, Alone, own_part


@dataclass
class Numbered(Alone):
    rank: int = 0
    size: int = 1
    on_machine: int = field(default=1)


@given(st.integers(0, 60), st.integers(1, 9))
def test_parts_are_all_of_it_in_order_and_differ_by_one_at_most(items: int, size: int) -> None:
    parts = [own_part(range(items), Numbered(rank, size)) for rank in range(size)]
    assert [item for part in parts for item in part] == list(range(items))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_a_process_on_its_own_hears_itself() -> None:
    assert (ALONE.rank, ALONE.size) == (0, 1)
    assert ALONE.broadcast("word") == "word"
    assert ALONE.gather(3) == [3]
    values = torch.ones(2)
    assert ALONE.add_up(values) is values

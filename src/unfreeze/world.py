"""The processes that work on one thing together, as each of them sees it; mostly there is one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

Item = TypeVar("Item")


class World(Protocol):
    """The processes of a run. What is asked of it is asked by all of them, in the same order.

    Attributes:
        rank: Number of this process; 0 leads.
        size: Number of processes.
        on_machine: How many of them share this machine's cores.
    """

    rank: int
    size: int
    on_machine: int

    def broadcast(self, value: Any, *, source: int = 0) -> Any:
        """Hands a value to all.

        Args:
            value: The value; what other processes than the source give is not looked at.
            source: Number of the process whose value it is.

        Returns:
            The source's value.

        Raises:
            LostProcessError: If another process has ended.
        """
        ...

    def gather(self, value: Any) -> list[Any]:
        """What each process gave, by its number; raises LostProcessError if one has ended."""
        ...

    def add_up(self, values: "Tensor") -> "Tensor":
        """The sum of what all processes gave, the same bits in each; raises LostProcessError if one has ended."""
        ...


class Alone:
    """One process."""

    rank, size, on_machine = 0, 1, 1

    def broadcast(self, value: Any, *, source: int = 0) -> Any:  # noqa: ARG002 - worlds are asked alike
        """The value itself."""
        return value

    def gather(self, value: Any) -> list[Any]:
        """The value alone."""
        return [value]

    def add_up(self, values: "Tensor") -> "Tensor":
        """The values themselves."""
        return values


ALONE: World = Alone()


def own_part(items: Sequence[Item], world: World) -> Sequence[Item]:
    """This process's part of what all of them share: parts follow one another and differ by one item at most.

    Args:
        items: All items, the same in every process.
        world: The processes.

    Returns:
        Its part, empty where there are fewer items than processes and the others have them.
    """
    start, end = (len(items) * rank // world.size for rank in (world.rank, world.rank + 1))
    return items[start:end]

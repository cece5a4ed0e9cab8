"""Puts what is never divided into parts of given shares, by chance, and mends what chance leaves without."""

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


def parts_of(
    class_names: Sequence[Sequence[str]],
    units: Sequence[str],
    *,
    shares: Sequence[float],
    seed: int,
    first_needed: int | None = None,
) -> dict[str, int]:
    """The part of each unit: by its place, and then by what each class needs in each part.

    Args:
        class_names: Classes of each row.
        units: Unit of each row.
        shares: Share of each part; they sum to 1.
        seed: Decides the places.
        first_needed: The part that every class must have a unit in, whatever that takes from another.

    Returns:
        A part's number for each unit.
    """
    bounds = [(sum(shares[:part]), sum(shares[: part + 1])) for part in range(len(shares))]
    places = {unit: _place(seed, unit) for unit in units}
    ends = [end for _, end in bounds[:-1]]
    natural = {unit: bisect_right(ends, place) for unit, place in places.items()}
    members = units_by_class(class_names, units)
    moves = _Moves(natural, places, bounds, members)
    if first_needed is not None:
        moves.fill(lambda _: {first_needed: 1})  # takes them from where no class needs any yet
    moves.fill(lambda name: _at_least_one(moves.counts[name], shares, first_needed))
    moves.fill(lambda name: _at_least_half(moves.counts[name], shares, first_needed))
    return moves.parts


def units_by_class(class_names: Sequence[Sequence[str]], units: Sequence[str]) -> dict[str, set[str]]:
    """The units that each class has pictures in.

    Args:
        class_names: Classes of each row.
        units: Unit of each row.

    Returns:
        Units by class.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for names, unit in zip(class_names, units, strict=True):
        for name in names:
            found[name].add(unit)
    return found


def _place(seed: int, unit: str) -> float:
    """Where chance puts a unit, from 0 to 1."""
    digest = hashlib.blake2b(f"split {seed} {unit}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _at_least_one(counts: Mapping[int, int], shares: Sequence[float], first_needed: int | None) -> dict[int, int]:
    """How many of a class's units each part needs, so that none is without it where there are enough."""
    total = sum(counts.values())
    if total >= len(shares):
        return dict.fromkeys(range(len(shares)), 1)
    if first_needed is not None:
        return {first_needed: 1}
    (fullest, most), *_ = Counter(counts).most_common()
    return {(fullest + 1) % len(shares): 1} if most == total > 1 else {}


def _at_least_half(counts: Mapping[int, int], shares: Sequence[float], first_needed: int | None) -> dict[int, int]:
    """How many of a class's units each part needs, so that none has less than half of its share."""
    total = sum(counts.values())
    needed = _at_least_one(counts, shares, first_needed)
    return {part: max(least, int(shares[part] * total / 2)) for part, least in needed.items()}


@dataclass
class _Moves:
    """Moves units between parts.

    Attributes:
        parts: Part of each unit.
        places: Place of each unit, 0 to 1.
        bounds: First and last place of each part.
        members: Units of each class.
    """

    parts: dict[str, int]
    places: Mapping[str, float]
    bounds: Sequence[tuple[float, float]]
    members: Mapping[str, set[str]]

    def __post_init__(self) -> None:
        self.classes: dict[str, list[str]] = defaultdict(list)
        for name, units in self.members.items():
            for unit in units:
                self.classes[unit].append(name)
        self.counts = {name: Counter(self.parts[unit] for unit in units) for name, units in self.members.items()}
        ranked = {name: sorted((self.places[unit], unit) for unit in units) for name, units in self.members.items()}
        self._order = sorted(self.members, key=lambda name: (len(ranked[name]), ranked[name]))

    def fill(self, needed: Callable[[str], Mapping[int, int]]) -> None:
        """Moves units into parts that need some of a class, the nearest first; small classes have the first choice.

        Args:
            needed: How many of a class's units each part needs.
        """
        for name in self._order:
            for part, least in needed(name).items():
                while self.counts[name][part] < least:
                    others = (unit for unit in self.members[name] if self.parts[unit] != part)
                    spare = [unit for unit in others if self._is_spare(unit, needed)]
                    if not spare:
                        break
                    self._move(min(spare, key=lambda unit: (self._distance(unit, part), unit)), part)

    def _is_spare(self, unit: str, needed: Callable[[str], Mapping[int, int]]) -> bool:
        """Whether all classes of a unit have more than they need where it is."""
        part = self.parts[unit]
        return all(self.counts[name][part] > needed(name).get(part, 0) for name in self.classes[unit])

    def _distance(self, unit: str, part: int) -> float:
        low, high = self.bounds[part]
        return max(low - self.places[unit], self.places[unit] - high, 0.0)

    def _move(self, unit: str, part: int) -> None:
        for name in self.classes[unit]:
            self.counts[name][self.parts[unit]] -= 1
            self.counts[name][part] += 1
        self.parts[unit] = part

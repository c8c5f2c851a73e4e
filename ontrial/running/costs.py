"""What a seed of a training costs, by what was measured: seconds, and bytes in the run store."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ontrial.running.store import RunStore, canonical
from ontrial.trainings import Training

_BYTES = 50_000.0  # of a seed, before anything like it is stored
_ENOUGH = 8  # seeds, for a mean


class StoreFull(Exception):
    """The disk has less room than the seeds to train need."""


@dataclass(eq=False)
class Costs:
    """Costs of trainings: measured in this session, else as stored, else of the most similar settings that are stored.

    Settings are compared between trainings of one name.
    """

    store: RunStore
    _measured: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    _names: dict[Training, tuple[str, str]] = field(default_factory=dict)

    def note(self, training: Training, key: str) -> bool:
        """Take in what was measured of the seed that was stored under a key; returns whether it is the first."""
        found = self._measured[self._name(training)[1]]
        if len(found) < _ENOUGH and (cost := self.store.cost(key)):
            found.append(cost)
            return len(found) == 1
        return False

    def seconds(self, training: Training, seeds: int) -> float | None:
        """Seconds that so many seeds take, as the training estimates it, or by what was measured; None where neither
        is known.
        """
        if (estimated := training.estimate(seeds)) is not None:
            return estimated
        if not seeds:
            return 0.0
        found = self._of(training, may_resemble=True)
        return None if found is None else seeds * found[0]

    def bytes(self, training: Training) -> float:
        """Bytes that a seed takes in the store."""
        found = self._of(training, may_resemble=training.estimate(1) is None)
        return _BYTES if found is None else found[1]

    def require_room(self, trainings: Iterable[Training]) -> None:
        """Raises StoreFull where the disk has less room than a seed of each of these trainings needs."""
        needed, folder = sum(map(self.bytes, trainings)), self.store.folder
        if (free := shutil.disk_usage(folder).free) < needed:
            raise StoreFull(
                f"the seeds to train need about {needed / 2**20:,.0f} MiB in the run store, and {folder} has "
                f"{free / 2**20:,.0f} MiB free: make room, or name another folder with --ontrial-store. What is stored "
                "stays; run the same command to go on"
            )

    def _of(self, training: Training, *, may_resemble: bool) -> tuple[float, ...] | None:
        """Mean seconds and bytes of a seed."""
        name, settings = self._name(training)
        found = self._measured.get(settings) or []
        if not found and may_resemble and (stored := self._stored.get(name)):
            own = _settings(training.terms())
            alike = [sum(each.get(key) == value for key, value in own.items()) for each, _ in stored]
            found = [cost for (_, cost), count in zip(stored, alike, strict=True) if count == max(alike)]
        return tuple(sum(column) / len(found) for column in zip(*found, strict=True)) if found else None

    @cached_property
    def _stored(self) -> dict[str, list[tuple[Mapping[str, Any], tuple[float, float]]]]:
        """Settings and cost of what is stored, by the name of the training: read once, where it is needed."""
        found = defaultdict(list)
        for each in self.store.known():
            found[str(each.description.get("training"))].append(
                (_settings(each.description), (each.seconds, each.size))
            )
        return found

    def _name(self, training: Training) -> tuple[str, str]:
        if training not in self._names:
            terms = training.terms()
            self._names[training] = str(terms.get("training")), canonical(terms)
        return self._names[training]


def _settings(described: Mapping[str, Any]) -> Mapping[str, Any]:
    found = described.get("settings")
    return found if isinstance(found, dict) else {}

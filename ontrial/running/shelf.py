"""The shelf: what a session knows of the run store: names, what is there, what it read, what it found damaged."""

import dataclasses
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ontrial.running.queue import Job, Setting, TrainingError, run_job
from ontrial.running.store import Stored, described, identity, name_of
from ontrial.trainings import Training

_MOST_BYTES = 2**30  # of arrays that are kept in memory


@dataclass(frozen=True)
class _Known:
    """What a training's results depend on but the seed, and what each seed is stored under."""

    description: dict[str, Any]
    keys: dict[int, str] = field(default_factory=dict)


@dataclass
class Shelf:
    """A session's view of the run store.

    there: names that are stored; damaged: what was set aside, to be trained again.
    """

    setting: Setting
    there: set[str] = field(default_factory=set)
    damaged: list[str] = field(default_factory=list)
    _read: dict[str, Stored] = field(default_factory=dict)
    _bytes: int = 0
    _whole: set[str] = field(default_factory=set)
    _known: dict[tuple[Hashable, ...], _Known] = field(default_factory=dict)
    _met: dict[int, tuple[Training, _Known]] = field(default_factory=dict)  # by id, so that it is looked up fast

    def keys(self, training: Training, seeds: tuple[int, ...]) -> tuple[str, ...]:
        """What these seeds are stored under. Raises what the training raises where its data is missing."""
        known = self._know(training)
        for seed in seeds:
            if seed not in known.keys:
                known.keys[seed] = name_of(known.description, seed)
        return tuple(known.keys[seed] for seed in seeds)

    def every_key(self, training: Training) -> set[str]:
        """What all seeds of a training that were spoken of in this session are stored under."""
        return set(self._know(training).keys.values())

    def job(self, training: Training, seeds: tuple[int, ...], repeats: bool = False) -> Job:
        """The job of training these seeds."""
        needed = tuple(self.keys(need, seeds) for need in training.needs)
        return Job(training, seeds, self.keys(training, seeds), needed, self._know(training).description, repeats)

    def lacks(self, training: Training, seed: int) -> bool:
        """Whether a seed has to be trained; what is damaged is set aside, and has to."""
        [key] = self.keys(training, (seed,))
        if key in self.there:
            return False
        store = self.setting.store
        if not self.setting.fresh and store.has(key):
            self.there.add(key)  # what is there stays there
            return False
        if not self.setting.fresh and store.is_finished(key):  # said to be there, and is not whole
            self._set_aside(training, seed, key)
        return True

    def require_whole(self, trainings: Iterable[Training], seeds: Iterable[int]) -> None:
        """Read what other trainings are handed, so that what is damaged is trained again before they are."""
        for training in trainings:
            for seed in seeds:
                [key] = self.keys(training, (seed,))
                if key in self._whole or self.lacks(training, seed):
                    continue
                if self.setting.store.load(key) is None:
                    self._set_aside(training, seed, key)
                else:
                    self._whole.add(key)

    def load(self, training: Training, seed: int, key: str) -> Stored:
        """What a seed left. Raises TrainingError where it is not there, and training it again did not help."""
        if key in self._read:
            self._read[key] = self._read.pop(key)  # the last used comes last
        else:
            stored = self.setting.store.load(key)
            if stored is None:  # damaged between planning and reading: only now was all of it read
                self._set_aside(training, seed, key)
                try:
                    run_job(self.job(training, (seed,)), dataclasses.replace(self.setting, fresh=True))
                except OSError as error:
                    raise TrainingError(f"{training} (seed {seed}) is damaged in the run store: {error}") from error
                stored = self.setting.store.load(key)
            if stored is None:
                raise TrainingError(f"the run store lost {training} (seed {seed}); does anything else write there?")
            self._keep(key, stored)
        return self._read[key]

    def _keep(self, key: str, stored: Stored) -> None:
        """Keep what was read for the next claim that shows it; what was used longest ago makes room."""
        self._read[key] = stored
        self._bytes += stored.size
        while self._bytes > _MOST_BYTES and len(self._read) > 1:
            self._bytes -= self._read.pop(next(iter(self._read))).size

    def _set_aside(self, training: Training, seed: int, key: str) -> None:
        self.setting.store.set_aside(key)
        self.there.discard(key)
        self.damaged.append(f"{training} (seed {seed})")

    def _know(self, training: Training) -> _Known:
        if id(training) not in self._met:
            name = identity(training)
            if name not in self._known:
                self._known[name] = _Known(described(training))
            self._met[id(training)] = training, self._known[name]
        return self._met[id(training)][1]

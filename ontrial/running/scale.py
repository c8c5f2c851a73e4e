"""Tiers: all that differs between the quick check and the full reproduction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ontrial.trainings import Looks

Tier = Literal["fast", "full"]
TIERS: tuple[Tier, ...] = ("fast", "full")

FAST_SEEDS = 8
# Valid at any number of seeds; with 8 it is reached only where all agree, which at the border 1 in 256 do.
FAST_ALPHA = 1 / 50


@dataclass(frozen=True)
class Scale:
    """How large a trial is.

    options: the suite's own, such as where its data lie; exactly: seeds in place of looks; most: `--most-seeds`.
    """

    tier: Tier
    options: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    exactly: int | None = None
    most: int | None = None

    def looks(self, of: Looks, fewest: int) -> tuple[int, ...]:
        """The numbers of seeds at which claims are looked at, in full from the fewest that can decide.

        Raises ValueError for a budget below the first.
        """
        if self.exactly is not None:
            return (self.exactly,)
        return (FAST_SEEDS,) if self.tier == "fast" else of.upto(self.most, fewest)


def require_enough(seeds: int, fewest: int) -> None:
    """Raises ValueError where so few seeds cannot decide anything, whatever they say."""
    if seeds < fewest:
        raise ValueError(f"{seeds} seeds cannot decide anything, even where all agree: at least {fewest} are needed")

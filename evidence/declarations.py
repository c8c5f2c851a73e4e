"""What a claim's test declares in its markers, and the two decorators for verdicts that are known."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import pytest

from evidence.trial import Expectation, Sentence
from evidence.verdicts import Verdict
from models.experiment import Experiment
from models.probing import Probe


def refuted(
    reason: str, *, at: str | None = None, on: str | None = None, case: str | None = None
) -> pytest.MarkDecorator:
    """Declare that a claim is refuted: at a tier, on a dataset and for a case; None is any.

    The test is then expected to raise Refuted and nothing else; if the claim holds after all, it fails.
    """
    return pytest.mark.expected(Expectation(Verdict.REFUTED, reason, at, on, case))


def inconclusive(
    reason: str, *, at: str | None = None, on: str | None = None, case: str | None = None
) -> pytest.MarkDecorator:
    """Declare that the seeds cannot decide a claim: at a tier, on a dataset and for a case; None is any."""
    return pytest.mark.expected(Expectation(Verdict.INCONCLUSIVE, reason, at, on, case))


@dataclass(frozen=True)
class Declaration:
    """A claim's test before it runs: its sentence, tier and case, what it trains, and what is known of it.

    looks_again: whether the tier's seeds left claims on these networks undecided, so that it takes more.
    """

    sentence: Sentence
    tier: str
    case: str
    experiments: Mapping[Hashable, Experiment | Probe]
    expectations: tuple[Expectation, ...]
    looks_again: bool = False

    def expectation(self, dataset: str) -> Expectation | None:
        """The verdict that was declared for this tier and case on a dataset, or None: it should hold."""
        known = (item for item in self.expectations if item.applies(self.tier, dataset, self.case))
        return next(known, None)


def declaration(item: pytest.Item) -> Declaration | None:
    """What a test declares; None where it is no claim.

    It trains what its marker `trains` names, else its module's EXPERIMENTS; nothing without the
    fixture `runs`. Raises pytest.UsageError where the marker lacks a part.
    """
    marker = item.get_closest_marker("claim")
    if marker is None:
        return None
    words = dict(marker.kwargs)
    experiments = words.pop("trains", None) or getattr(item.module, "EXPERIMENTS", {})  # type: ignore[attr-defined]
    try:
        sentence = Sentence(*marker.args, **words)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.claim(id, statement, source=…): {error}") from error
    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    return Declaration(
        sentence,
        tier=parameters.pop("scale", ""),
        case=" ".join(str(value) for value in parameters.values()),
        experiments=experiments if "runs" in item.fixturenames else {},  # type: ignore[attr-defined]
        expectations=tuple(mark.args[0] for mark in item.iter_markers("expected")),
        looks_again=item.get_closest_marker("second_look") is not None,
    )

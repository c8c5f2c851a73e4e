"""A trial: one case of a claim at one tier, look by look until it is decided."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from ontrial.claim import Claim
from ontrial.stats.verdicts import Evidence, Verdict
from ontrial.trainings import Runs, Training

DECIDED = frozenset({Verdict.HOLDS, Verdict.REFUTED})

Draw = Callable[[int], tuple[int, ...]]
Call = Callable[[Claim, Runs], object]


@dataclass(eq=False)
class Trial:
    """What is trained and judged for one case of a claim.

    name: of it, for messages; trainings: by the names in the claim's module; looks: numbers of seeds, ascending;
    draw: the first so many seeds; make: the claim fixture for these seeds, with the conditions that are fixed;
    call: calls the test with claim and runs.

    It goes on from look to look: `look` is the present one, `fixed` the conditions that were decided, by their place
    in `holds_if`, and `history` what every look so far found. `lacks` are names in the
    store that it waits for, and `at_look` is what the test raised at a look, in words.
    """

    name: str
    trainings: Mapping[Hashable, Training]
    looks: tuple[int, ...]
    draw: Draw
    make: Callable[[tuple[int, ...] | None, Mapping[int, Evidence]], Claim]
    call: Call
    look: int = 0
    fixed: dict[int, Evidence] = field(default_factory=dict)
    history: dict[int, tuple[Evidence, ...]] = field(default_factory=dict)
    lacks: set[str] = field(default_factory=set)
    failure: Exception | None = None
    at_look: str = ""
    is_open: bool = True

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the present look."""
        return self.draw(self.looks[self.look])

    @property
    def is_last_look(self) -> bool:
        """Whether no further seeds may be added."""
        return self.look == len(self.looks) - 1

    def claim(self) -> Claim:
        """The claim fixture of the present look."""
        return self.make(self.seeds if self.trainings else None, self.fixed)

    def judge(self, runs: Callable[["Trial"], Runs]) -> None:
        """Evaluate the claim at the present look; close the trial where that decides it, else go on to the next.

        What the test raises closes it as well: pytest's own call has to raise the same.
        """
        claim = self.claim()
        try:
            self.call(claim, runs(self))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # pytest's own, such as that of pytest.skip, are no Exception
            self.at_look, self.is_open = in_words(error), False
            return
        self.keep(claim)
        if not claim.evidence:
            self.at_look, self.is_open = "ended without a verdict", False
        elif claim.verdict in DECIDED:
            self.is_open = False
        else:
            self.look += 1

    def keep(self, claim: Claim) -> None:
        """Remember what a look found, and fix the conditions that it decided."""
        self.history[self.look] = claim.evidence
        for place, evidence in enumerate(claim.evidence):
            if place not in self.fixed and evidence.verdict in DECIDED:
                self.fixed[place] = evidence

    def fail(self, error: Exception) -> None:
        """Close the trial with what its training failed with."""
        self.failure, self.is_open = error, False


def in_words(error: BaseException) -> str:
    """What was raised, as text that can be written anywhere."""
    try:
        said = str(error)
    except Exception as other:
        said = f"its text raises {type(other).__name__}"
    return f"{type(error).__name__}: {said}".encode("utf-8", "backslashreplace").decode()

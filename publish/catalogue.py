"""The catalogue: every claim that is declared, run or not, and what its experiments train."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypedDict

from evidence.declarations import Declaration
from models.experiment import parameter_count
from models.runs import Run


class Entry(TypedDict):
    """A declared claim as verdicts.json keeps it. cases: one empty name where there is one case."""

    id: str
    statement: str
    kind: str
    source: str
    cases: list[str]


def declared(declarations: Iterable[Declaration]) -> list[Entry]:
    """One entry a claim, its cases in the order in which they were collected."""
    entries: dict[str, Entry] = {}
    for each in declarations:
        said = each.sentence
        entry = entries.setdefault(
            said.id,
            {"id": said.id, "statement": said.statement, "kind": said.kind, "source": said.source, "cases": []},
        )
        if each.case not in entry["cases"]:
            entry["cases"].append(each.case)
    return list(entries.values())


def settings(runs: Mapping[Hashable, Run]) -> tuple[dict[str, Any], ...]:
    """What was trained for a claim, as its tier trained it: one a configuration, under its name in the claim.

    `widths` are the units of every layer; `trained` is the number of networks, `seconds` what they took on one core,
    and `asking_seconds` a question to them; then come the fields of the
    experiment that differ from their defaults.
    """
    return tuple(
        {
            "name": ", ".join(map(str, name)) if isinstance(name, tuple) else str(name),
            "widths": list(run.experiment.widths),
            "parameters": parameter_count(*run.experiment.widths),
            "trained": run.n,
            "steps": run.experiment.steps,
            "seconds": round(run.seconds, 1),
            "asking_seconds": round(run.asking_seconds, 1),
            **{key: value for key, value in run.experiment.description().items() if key != "hidden"},
        }
        for name, run in runs.items()
    )

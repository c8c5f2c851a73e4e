"""`--ontrial-plan`: what would be trained, and why it is not stored; and what the looks at each claim can decide."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from ontrial import registered
from ontrial.publish.terminal import about, columns
from ontrial.running.plan import Plan, in_words
from ontrial.running.store import Kept, described, identity, with_needs
from ontrial.state import Session
from ontrial.stats.ranks import ranks
from ontrial.trainings import Training

_MOST_CHANGES = 3  # that are named
_LONG = 20  # characters, from which a value is not shown: most are digests
_HEADINGS = ("training", "seeds", "new", "seconds", "MiB", "why")


@dataclass(frozen=True)
class Row:
    """A training in the plan. seeds: that are needed next; new: of them, not stored; seconds, size: of the new ones,
    the seconds None where they are not known.
    """

    name: str
    seeds: int
    new: int
    seconds: float | None
    size: float
    why: str


def lines(session: Session, items: Iterable[pytest.Item]) -> list[str]:
    """The plan of a session whose claims are on trial, in lines. Trains nothing.

    A claim whose next look is stored is judged, so that what is shown is what the next session begins with.
    """
    plan = session.plan
    plan.first_jobs()
    rows = list(_rows(plan))
    if new := [row for row in rows if row.new]:
        known = [row.seconds for row in new if row.seconds is not None]
        time = about(sum(known) / plan.workers if len(known) == len(new) else None)
        runs, size = sum(row.new for row in new), sum(row.size for row in new) / 2**20
        first = f"to train next: {runs:,} runs of {len(new)} trainings, {time}, {size:,.1f} MiB"
    else:
        first = "nothing to train: all that is needed next is in the store"
    table = [
        (
            r.name,
            f"{r.seeds}",
            f"{r.new}",
            "?" if r.seconds is None else f"{r.seconds:.2g}",
            f"{r.size / 2**20:.2g}",
            r.why,
        )
        for r in rows
    ]
    groups: dict[str, list[str]] = {}
    for item in items:
        name = str(session.claims.get(item, item.nodeid))
        if item in session.trials:
            groups.setdefault(_outlook(session, item), []).append(name)
        elif problem := session.problem(item):
            groups.setdefault(_refused(problem.removeprefix(name).lstrip(": ")), []).append(name)
    return [
        first,
        "",
        *columns([_HEADINGS, *table]),
        "",
        *(f"{', '.join(names)}: {text}" for text, names in groups.items()),
    ]


def _rows(plan: Plan) -> Iterator[Row]:
    """A row a training that the trials need at their present looks."""
    needed: dict[object, tuple[Training, set[int]]] = {}
    for trial in plan.trials:
        for each in with_needs(trial.trainings.values()) if trial.failure is None else ():
            needed.setdefault(identity(each), (each, set()))[1].update(trial.seeds)
    known = plan.setting.store.known()
    for training, seeds in needed.values():
        new = plan.missing(training, tuple(seeds))
        why, nearest = why_new(registered.flat(described(training)), known) if new else ("in the store", None)
        seconds = plan.costs.seconds(training, new) if nearest is None else new * nearest.seconds
        size = new * (plan.costs.bytes(training) if nearest is None else nearest.size)
        yield Row(
            str(training), len(seeds), new, seconds, size, "--ontrial-fresh" if new and plan.setting.fresh else why
        )


def why_new(depends_on: Mapping[str, str], known: Iterable[Kept]) -> tuple[str, Kept | None]:
    """Why a training is not stored, and the nearest one that is, if more of it is the same than differs.

    depends_on: all that its result depends on but the seed, flat. Nearest is what differs in the fewest fields; where
    it is a `@training`, of the same function.
    """
    changes: list[tuple[list[str], Kept]] = []
    for each in known:
        was = registered.flat(each.description)
        if was.get("training") == depends_on.get("training"):
            changes.append(
                ([x for x in sorted(was.keys() | depends_on.keys()) if was.get(x) != depends_on.get(x)], each)
            )
    names, nearest = min(changes, key=lambda each: len(each[0]), default=([], None))
    if nearest is None or 2 * len(names) > len(depends_on):
        return "never trained", None
    if not names:
        return "other seeds of it are stored", nearest
    was = registered.flat(nearest.description)
    said = [_stated(name, was.get(name)) for name in names[:_MOST_CHANGES]]
    more = f", and {len(names) - len(said)} more" if len(names) > len(said) else ""
    return f"the nearest stored has {', '.join(said)}{more}", nearest


def _stated(name: str, value: str | None) -> str:
    """A field as a stored training has it: `steps=300`, `another source`, `no data_files`."""
    short = name.rpartition("settings.")[2].removeprefix("versions.")
    return f"no {short}" if value is None else f"another {short}" if len(value) > _LONG else f"{short}={value}"


def _outlook(session: Session, item: pytest.Item) -> str:
    """What the looks at a claim that are left can decide."""
    declared, trial = session.claims[item], session.trials[item]
    if trial.failure is not None:
        return _refused(in_words(trial.failure))
    if trial.at_look:
        return _refused(trial.at_look)
    if not trial.trainings:
        return "counted, nothing to train"
    if not trial.is_open:
        return "judged by what is stored"
    try:
        locked = registered.locked(session.locks(declared.folder), declared.id, declared.case)
    except ValueError:  # damaged: said where it is needed
        locked = None
    conditions = locked.conditions if locked else ("median",)
    looks, alpha = np.array(trial.looks[trial.look :]), session.alpha(declared)
    found = [f"look {trial.look + 1} of {len(trial.looks)}"]
    if declared.tier == "full" and locked is None:
        found.insert(0, "not registered yet")
    if any(each.startswith("median") for each in conditions):
        found.append(f"a median: {_enough(looks, alpha, 0.5, 'agree') or 'too few seeds'}")
    for border in dict.fromkeys(border for each in conditions for border in _borders_of_shares(each)):
        ways = _enough(looks, alpha, border, "succeed"), _enough(looks, alpha, 1 - border, "fail")
        found.append(f"a share against {border:g}: {', or '.join(filter(None, ways)) or 'too few seeds'}")
    return "; ".join(found)


def _refused(why: str) -> str:
    return textwrap.shorten(f"cannot be judged: {why}", 200, placeholder=" …")


def _enough(looks: NDArray[np.int64], alpha: float, p0: float, do: str) -> str:
    """How many seeds decide, of each number of seeds that can: `15 of 15 agree, 22 of 24, 28 of 32`; "" for none."""
    found = [f"{k} of {n}" for n, k in zip(looks, ranks(looks, alpha, p0), strict=True) if k <= n]
    return ", ".join([f"{found[0]} {do}", *found[1:]]) if found else ""


def _borders_of_shares(condition: str) -> list[float]:
    """The borders of a condition's region, as a lock has it, where it is about a share; else none."""
    region = registered.REGION.search(condition) if condition.startswith("share of ") else None
    borders = map(float, re.findall(r"[<>]=? ([^\s,]+)", region[0])) if region else ()
    return [each for each in borders if 0 < each < 1]

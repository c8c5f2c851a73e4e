"""`--ontrial-plan`: what would be trained, and why it is not stored; and what the looks at each claim can decide."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from ontrial import registered
from ontrial.publish.terminal import about, columns, duration
from ontrial.running.plan import Plan, in_words
from ontrial.running.store import canonical, described, identity, with_needs
from ontrial.state import Session
from ontrial.stats.ranks import ranks
from ontrial.trainings import Training

_MOST_CHANGES = 3  # with more, a stored training says nothing about another
_LONG = 20  # characters, from which a value is not shown: most are digests
_LONG_NAME, _WIDTH = 60, 120  # characters, of a training and of a line
_HEADINGS = ("seeds", "new", "time", "MiB", "why", "training")


@dataclass(frozen=True)
class Row:
    """A training in the plan.

    seeds: how many are needed next; new: how many of them are not stored; most: how many are not, up to the last look.
    """

    training: Training
    seeds: int
    new: int
    most: int
    why: str


def lines(session: Session, items: Iterable[pytest.Item]) -> list[str]:
    """The plan of a session whose claims are on trial, in lines. Trains nothing.

    A claim whose next look is stored is judged, so that what is shown is what the next session begins with.
    """
    plan = session.plan
    plan.first_jobs()
    rows = list(_rows(plan))
    found = ["nothing to train: all that is needed next is in the store"]
    if any(row.new for row in rows):
        found = [f"to train next: {_total(plan, [(row.training, row.new) for row in rows])}"]
        if any(row.most > row.new for row in rows):
            most = _total(plan, [(row.training, row.most) for row in rows])
            found.append(f"at most, to the last look of every claim: {most}")
    groups: dict[str, list[str]] = {}
    for item in items:
        name = str(session.claims.get(item, item.nodeid))
        if item in session.trials:
            groups.setdefault(_outlook(session, item), []).append(name)
        elif problem := session.problem(item):
            groups.setdefault(_refused(problem.removeprefix(name).lstrip(": ")), []).append(name)
    claims = [f"{', '.join(names)}: {text}" for text, names in groups.items()]
    wrapped = [line for each in claims for line in textwrap.wrap(each, _WIDTH, subsequent_indent="    ")]
    table = columns([_HEADINGS, *(_cells(plan, row) for row in rows)])
    return [*found, "", *table, "", "what decides, of the seeds that a condition is about:", *wrapped]


def _rows(plan: Plan) -> Iterator[Row]:
    """A row a training that the trials need at their present looks."""
    needed: dict[object, tuple[Training, set[int], set[int]]] = {}
    for trial in plan.trials:
        for each in with_needs(trial.trainings.values()) if trial.failure is None else ():
            _, seeds, most = needed.setdefault(identity(each), (each, set(), set()))
            seeds.update(trial.seeds)
            most.update(trial.draw(trial.looks[-1]) if trial.is_open else trial.seeds)
    known = [registered.flat(each.description) for each in plan.setting.store.known()]
    for training, seeds, most in needed.values():
        why, new = "in the store", plan.missing(training, tuple(seeds))
        if new:
            is_fresh = plan.setting.fresh
            why = "--ontrial-fresh" if is_fresh else why_new(registered.flat(described(training)), known)
        yield Row(training, len(seeds), new, plan.missing(training, tuple(most)), why)


def _total(plan: Plan, counts: Iterable[tuple[Training, int]]) -> str:
    """Runs, time and room that so many seeds of each of these trainings take."""
    found = [(training, seeds) for training, seeds in counts if seeds]
    seconds = [plan.costs.seconds(*each) for each in found]
    time = about(None if None in seconds else max(1.0, sum(each or 0.0 for each in seconds) / plan.workers))
    size = sum(seeds * plan.costs.bytes(training) for training, seeds in found) / 2**20
    trainings, workers = _many(len(found), "training"), _many(plan.workers, "worker")
    return f"{sum(seeds for _, seeds in found):,} runs of {trainings} by {workers}, {time}, {size:,.1f} MiB"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}"


def _cells(plan: Plan, row: Row) -> tuple[str, ...]:
    name, time, size = str(row.training), "", ""
    if len(name) > _LONG_NAME:
        name = re.sub(r'["{}]', "", canonical(row.training.terms()))
    if row.new:
        seconds = plan.costs.seconds(row.training, row.new)
        time = "?" if seconds is None else duration(max(1.0, seconds))
        size = f"{row.new * plan.costs.bytes(row.training) / 2**20:.2g}"
    return f"{row.seeds}", f"{row.new}", time, size, row.why, name


def why_new(depends_on: Mapping[str, str], known: Iterable[Mapping[str, str]]) -> str:
    """Why a training is not stored: how the nearest stored one differs, if it does so in few fields; of equally near
    ones the first by the alphabet, whatever the order in the store.

    depends_on, known: all that a result depends on but the seed, by field. Of a `@training` only the same function is
    near. What is of one kind, such as the versions of packages, is one field.
    """
    nearest: dict[str, str] | None = None
    for was in known:
        if was.get("training") != depends_on.get("training"):
            continue
        changes: dict[str, str] = {}
        for name in {**was, **depends_on}:
            if was.get(name) != depends_on.get(name):
                kind = name if name.startswith("settings.") else name.partition(".")[0]
                changes[kind] = f"other {kind}" if kind in changes else _stated(name, was.get(name))
        nearest = changes if nearest is None else min(nearest, changes, key=lambda each: (len(each), *each.values()))
    if nearest is None or len(nearest) > _MOST_CHANGES:
        return "never trained"
    return f"the nearest stored has {', '.join(nearest.values())}" if nearest else "other seeds of it are stored"


def _stated(name: str, value: str | None) -> str:
    """A field as a stored training has it: `steps=300`, `another source`, `no data_files`."""
    short = name.removeprefix("settings.").removeprefix("versions.")
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
    for of, border in dict.fromkeys(each for condition in conditions for each in _shares(condition)):
        n = looks // 2 if of == "pairs" else looks
        ways = _enough(n, alpha, border, "succeed"), _enough(n, alpha, 1 - border, "fail")
        found.append(f"a share of {of} against {border:g}: {', or '.join(filter(None, ways)) or 'too few seeds'}")
    return "; ".join(found)


def _refused(why: str) -> str:
    return textwrap.shorten(f"cannot be judged: {why}", 200, placeholder=" …")


def _enough(looks: NDArray[np.int64], alpha: float, p0: float, do: str) -> str:
    """How many seeds decide, of each number of seeds that can: `15 of 15 agree, 22 of 24, 28 of 32`; "" for none."""
    found = [f"{k} of {n}" for n, k in zip(looks, ranks(looks, alpha, p0), strict=True) if k <= n]
    return ", ".join([f"{found[0]} {do}", *found[1:]]) if found else ""


def _shares(condition: str) -> list[tuple[str, float]]:
    """What a condition is a share of, seeds or pairs of them, with each border of its region, as a lock has it."""
    region = registered.REGION.search(condition) if condition.startswith("share of ") else None
    borders = map(float, re.findall(r"[<>]=? ([^\s,]+)", region[0])) if region else ()
    of = "pairs" if condition.startswith("share of share of pairs ") else "seeds"
    return [(of, each) for each in borders if 0 < each < 1]

"""Locks of a session's claims: what each would lock, how it differs from its registration, and how it is locked."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import pytest

from ontrial import registered
from ontrial.claim import Claim
from ontrial.collection import Declaration, names_of
from ontrial.fingerprint import code_digests
from ontrial.publish.frozen import CaseResult, Look, Seen
from ontrial.registered import CODE_ALONE, Criterion, Parts
from ontrial.report import Folder, task_of
from ontrial.running.store import canonical, with_needs
from ontrial.state import Session
from ontrial.stats.verdicts import Evidence, combined
from ontrial.trainings import Training

TEST = "test"  # what a lock calls a claim's own test, whatever its name
AGAIN = "`pytest --ontrial-register --ontrial-yes --ontrial-claim ID` does that, with other seeds and half the error."
CHANGED = "code changed since registration"
VERDICT_ALONE = f"{CHANGED}; rounded differently, so only the verdict was compared: the same"
OTHER_VERDICT = "trained or rounded differently from the recorded runs, with another verdict after the same look"


def criterion(session: Session, item: pytest.Item, evidence: Sequence[Evidence] = ()) -> Criterion:
    """What a registration locks of a claim with these conditions, with its trainings as full has them."""
    declared = session.claims[item]
    placed = session.placed(declared, "full")
    return Criterion(
        declared.id,
        declared.case,
        declared.statement,
        declared.source,
        declared.kind,
        registered.conditions(evidence),
        tuple(each.interval.among for each in evidence),
        declared.folder.report.alpha,
        () if declared.looks is None else declared.looks.at,
        {str(name): canonical(each.terms()) for name, each in placed.items()},
        {str(name): canonical(each.defaults()) for name, each in placed.items()},
        _code(item, declared, placed.values()),
    )


def _code(item: pytest.Item, declared: Declaration, trainings: Iterable[Training]) -> dict[str, str]:
    """Digests of the code that turns runs into numbers: of the test, of its trainings, and of what those need."""
    own = getattr(item, "originalname", item.name)
    found = code_digests(own, item.path, parametrised=not all(map(_is_plain, declared.parameters.values())))
    found = {TEST if name == own else name: digest for name, digest in found.items()}
    for each in with_needs(trainings):
        for name, digest in each.code().items():
            found[name] = "+".join(dict.fromkeys((*found.get(name, digest).split("+"), digest)))
    return dict(sorted(found.items()))


def _is_plain(value: object) -> bool:
    """Whether the name of a case says all of its parameter."""
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


def compare(session: Session, item: pytest.Item, found: Criterion | None = None) -> tuple[Parts, list[str]]:
    """How a claim differs from its registration, by part, and the names of the functions that changed."""
    found = found or criterion(session, item)
    locked = registered.locked(session.locks(session.claims[item].folder), found.claim, found.case)
    return (registered.differences(locked, found), registered.changed_code(locked, found)) if locked else ({}, [])


def problem_before_training(session: Session, item: pytest.Item) -> str:
    """How a claim in full differs from its registration, as far as that is known now; "" where it does not."""
    declared = session.claims[item]
    lock = session.lock(declared)
    if lock is None:
        if not declared.trainings:  # a count needs no seeds, so it may be judged before it is registered
            return ""
        return (
            f"{declared} is not registered: its seeds in full are drawn from its registration. Lock it with "
            "`pytest --ontrial-register`, then run full"
        )
    locked = registered.locked(session.locks(declared.folder), declared.id, declared.case)
    if locked is None:
        return f"{declared}: this case is not in registration {lock.number}, which locked the other cases. {AGAIN}"
    found = replace(criterion(session, item), conditions=locked.conditions, among=locked.among)
    differs, changed = compare(session, item, found)
    if differs:
        return registered.explained(session.locks(declared.folder), found, differs)
    if changed:
        if (before := session.recorded(declared)) is None or not before.evidence:
            return (
                f"{declared}: code changed since it was registered on {lock.on} ({', '.join(changed)}), and the record "
                f"has no values to compare. Restore the code, or lock the claim again. {AGAIN}"
            )
        session.unsure.append(item)
    return ""


def compare_judged(session: Session, item: pytest.Item, claim: Claim) -> tuple[str, list[str]]:
    """How a claim that was judged is not as registered, both sides shown, and the functions that changed."""
    found = criterion(session, item, claim.at_this_look)
    differs, changed = compare(session, item, found)
    locks = session.locks(session.claims[item].folder)
    return registered.explained(locks, found, differs) if differs else "", changed


def note_difference(session: Session, item: pytest.Item, claim: Claim) -> None:
    """Remember how a claim of the fast tier differs from its registration, where its report is registered."""
    declared = session.claims[item]
    try:
        if not (locks := session.locks(declared.folder)):
            return
        differs, code = compare(session, item, criterion(session, item, claim.at_this_look))
        is_new = registered.lock_of(locks, declared.id) is None
        parts = ["not registered"] if is_new else [*differs, *code]
    except ValueError as error:
        parts = [str(error)]
    if parts:
        session.differing.append(f"{declared}: {', '.join(parts)}")


def agreement(session: Session, item: pytest.Item, claim: Claim, looks: Sequence[Look]) -> tuple[str, str]:
    """How a claim in full disagrees with its lock or with the record, and what is known of code that changed."""
    declared, trial = session.claims[item], session.trials[item]
    differs, changed = compare_judged(session, item, claim)
    if differs:
        return differs, ""
    before = session.recorded(declared)
    if before is None or not before.evidence:
        return "", ""  # changed code without a record is refused before training
    seeds, other = _compare_values(before, claim.evidence, looks)
    if not other:
        return "", f"{CHANGED}, same values of all {seeds} recorded seeds" if changed else ""
    is_same = before.runs == session.plan.digest(trial)
    if changed and before.rounding:
        is_same = is_same or before.rounding == session.plan.rounding(trial)
    if is_same:
        what = f"{CHANGED}: {', '.join(changed)}" if changed else "no locked code changed: look at what it calls"
        problem = f"{other!r} has other values than the record has of the same seeds ({what})."
        return f"{problem} Restore the code, or lock the claim again. {AGAIN}", ""
    if _have_same_verdict(before, looks):
        return "", VERDICT_ALONE if changed else ""
    if not changed:
        return "", OTHER_VERDICT
    return (
        f"{CHANGED} ({', '.join(changed)}), and the verdict is not the recorded one. These runs are rounded "
        "differently from the recorded ones, so values cannot be compared. Judge the claim on the machine of the "
        f"record, or lock it again. {AGAIN}"
    ), ""


def _compare_values(before: CaseResult, evidence: Sequence[Evidence], looks: Sequence[Look]) -> tuple[int, str]:
    """The number of recorded seeds whose values can be compared, and the first measure that has other values, or "".

    Compared to seven digits are the values of all seeds that both have, and the same looks. Values are in the order of
    the seeds, so those of fewer seeds begin those of more.
    """
    seeds = 0
    intervals = ([each.interval for each in found] for found in (before.evidence, evidence))
    for was, now in zip(*intervals, strict=False):
        n = min(was.n, now.n)
        seeds = max(seeds, n)
        same_seeds = was.n + was.left_out == now.n + now.left_out
        if (same_seeds and was.n != now.n) or _digits(*was.values[:n]) != _digits(*now.values[:n]):
            return seeds, now.measure
    recorded = {look.seeds: look.conditions for look in before.looks}
    for look in looks:
        for then, this, each in zip(recorded.get(look.seeds, ()), look.conditions, evidence, strict=False):
            if _seen(then) != _seen(this):
                return seeds, each.interval.measure
    return seeds, ""


def _have_same_verdict(before: CaseResult, looks: Sequence[Look]) -> bool:
    """Whether the last look that both have gave the same verdict; true if they have none in common."""
    recorded = {look.seeds: look for look in before.looks}
    common = [(recorded[look.seeds], look) for look in looks if look.seeds in recorded]
    was, now = ({each.verdict for each in look.conditions} for look in common[-1]) if common else ((), ())
    return not common or combined(was) is combined(now)


def _seen(each: Seen) -> tuple[object, ...]:
    return each.n, each.verdict, *_digits(each.estimate, each.low, each.high)


def _digits(*values: float) -> list[str]:
    return [f"{value:.7g}" for value in values]


def register(session: Session) -> None:
    """Lock the claims that are new, or changed, of those whose every case was evaluated in the fast tier.

    What is locked already is locked again only with `--ontrial-yes`, and where its code alone changed only if
    `--ontrial-claim` names it, since full compares its values. Raises ValueError where the report has more sides than
    its `sides` allow.
    """
    lines: list[str] = []
    option = session.config.option
    for folder in session.reports():
        found, missing = _evaluated(session, folder)
        lines += [f"not registered, since {name} was not judged" for name in missing]
        if folder.path not in session.complete:
            lines.append(f"not registered, since only a part of {folder.name} was collected: name the folder")
            continue
        locks = session.locks(folder)
        why = registered.reasons(locks, found)
        named = {name.rpartition("/")[2] for name in names_of(session.config)}
        wanted = {claim: reason for claim, reason in why.items() if reason != CODE_ALONE or claim in named}
        lines += [f"{claim}: its code alone changed; full compares its values" for claim in why.keys() - wanted.keys()]
        new = [each for each in found if each.claim in wanted]
        locked = [each for _, each in registered.current(locks) if each.claim not in wanted]
        if (sides := sum(each.sides for each in (*locked, *new))) > folder.report.sides:
            raise ValueError(
                f"the claims of {folder.name} have {sides} sides: write Report(..., sides={sides}) or more"
            )
        if not wanted:
            continue
        lines += [f"{claim}: {reason}" for claim, reason in wanted.items()] + [_price(session, folder, wanted)]
        if any(reason != "new" for reason in wanted.values()) and not option.ontrial_yes:
            session.has_failed_to_write = True
            lines.append(
                "nothing was locked: --ontrial-yes locks again what is locked, with other seeds and half the error"
            )
            continue
        tasks: dict[str, list[Criterion]] = defaultdict(list)
        for each in new:
            tasks[task_of(folder.report.tasks, each.claim).prefix].append(each)
        lines += registered.register(folder.path, tasks)
    for line in ["registered:", *lines] if lines else ["nothing to register: all criteria are as they are locked"]:
        session.say(line)


def _evaluated(session: Session, folder: Folder) -> tuple[list[Criterion], list[str]]:
    """The criteria of a report's claims whose every case was judged, and the selected cases that were not."""
    found: dict[str, list[Criterion]] = defaultdict(list)
    missing: dict[str, list[str]] = defaultdict(list)
    for item, declared in session.claims.items():
        if declared.tier == "fast" and declared.folder == folder:
            if claim := session.judged.get(item):
                found[declared.id].append(criterion(session, item, claim.at_this_look))
            else:
                missing[declared.id].append(str(declared))
    selected = {session.claims[item].id for item in session.selected}
    complete = [each for claim, cases in found.items() if claim not in missing for each in cases]
    return complete, [name for claim, names in missing.items() if claim in selected for name in names]


def _price(session: Session, folder: Folder, claims: Collection[str]) -> str:
    """What judging these claims in full costs at most, as their trainings estimate it."""
    wanted: dict[str, tuple[int, float | None]] = {}
    for declared in session.claims.values():
        if declared.folder == folder and declared.id in claims and declared.looks is not None:
            for training in session.placed(declared, "full").values():
                wanted[canonical(training.settings())] = (declared.looks.budget, training.estimate(1))
    most = max((seeds for seeds, _ in wanted.values()), default=0)
    known = [seeds * each for seeds, each in wanted.values() if each is not None]
    hours = f"about {sum(known) / 3600:.2g} hours of one core" if known else "time unknown"
    rest = f", without {len(wanted) - len(known)} whose time is unknown" if 0 < len(known) < len(wanted) else ""
    return f"to judge in full: at most {most} seeds of {len(wanted)} trainings, {hours}{rest}"

"""Judging: how a claim's test came out, from what it gave to `holds_if`, whatever it raised or caught."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ontrial import registration
from ontrial.claim import Claim
from ontrial.compared import compared, have_same_verdict
from ontrial.outcomes import outcome
from ontrial.publish import terminal
from ontrial.publish.frozen import AT_THE_BORDER, NO_SEED, CaseResult, Look, Seen
from ontrial.publish.record import decode, encode
from ontrial.running.trial import Trial, in_words
from ontrial.session import AGAIN, Session
from ontrial.stats.comparisons import own_verdict
from ontrial.stats.power import seeds_needed
from ontrial.stats.verdicts import Evidence, Verdict
from ontrial.trainings import Runs

_NO_VERDICT = "the test ended without a verdict: its last statement must be claim.holds_if(...)"


def judge(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, session: Session) -> None:
    """Set a report's outcome by the verdict and what is known of the claim, and add its record to the session's.

    Whatever is raised on the way, or cannot be written, is an error of this claim alone.
    """
    before = len(session.records)
    try:
        _judge(item, call, report, session)
        for each in session.records[before:]:
            _require_writable(each)
    except Exception as error:
        problem = in_words(error)
        session.records[before:] = [_broken(item, session, problem)]
        session.judged.pop(item, None)
        report.outcome, report.longrepr = "failed", problem
        vars(report).pop("wasxfail", None)


def _judge(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, session: Session) -> None:
    trial, given = session.trials.get(item), getattr(item, "funcargs", {})
    raised = call.excinfo.value if call.excinfo else None
    if call.when == "setup" and (known_problem := session.problem(item)):  # whatever a mark would make of it
        report.outcome, report.longrepr = "failed", known_problem
        vars(report).pop("wasxfail", None)
        if item in session.claims and session.claims[item].folder.path not in session.damaged:
            broken = _broken(item, session, known_problem)
            if broken.tier == "fast" or broken.registration is not None:
                session.records.append(broken)
    if trial is None:
        return
    if call.when == "setup" and raised is not None and not isinstance(raised, pytest.skip.Exception):
        session.records.append(_record(item, session, trial.claim(), {}, Verdict.ERROR, in_words(raised)))
    claim = given.get("claim")
    if call.when != "call" or not isinstance(claim, Claim):
        return
    is_skipped = isinstance(raised, pytest.skip.Exception)
    if is_skipped and not claim.evidence and trial.at_look.partition(": ")[0] in ("", "Skipped"):
        return  # skipped by hand: not run
    problem = "" if raised is None or is_skipped else in_words(raised)
    figure = ""
    if not problem and trial.at_look:
        problem = (
            f"at {trial.looks[trial.look]} seeds it did not do what it does now: {trial.at_look}. A claim's test is "
            "called once a look, and must depend on nothing but claim, runs and its parameters"
        )
    if not problem and not claim.evidence:
        problem = _NO_VERDICT
        report.not_judged = True  # type: ignore[attr-defined]
    note = ""
    if not problem:
        problem, note = _agreement(item, session, claim)
    if not problem:
        try:
            figure = _drawn(item, session, claim)
        except Exception as error:
            problem = f"its figure could not be drawn: {in_words(error)}"
    runs = given.get("runs", {})
    if problem:
        session.records.append(_record(item, session, claim, runs, Verdict.ERROR, problem))
        if raised is None or report.outcome != "failed":
            report.outcome, report.longrepr = "failed", problem
        return
    trial.keep(claim)
    session.judged[item] = claim
    session.records.append(_record(item, session, claim, runs, claim.verdict, "", figure, note))
    if session.claims[item].tier == "fast":
        session.note_difference(item, session.claims[item], claim.judged_here)
    name = str(session.claims[item])
    said, reason = outcome(name, claim.evidence, claim.verdict, session.known(session.claims[item]))
    _say(item, report, said, reason)


def _broken(item: pytest.Item, session: Session, problem: str) -> CaseResult:
    """The record of a claim of which nothing else can be told."""
    declared = session.claims[item]
    try:
        dataset, lock = session.data(declared), session.lock(declared)
    except Exception:
        dataset, lock = "not known", None
    return CaseResult(
        report=declared.folder.name,
        id=declared.sentence.id,
        case=declared.case,
        tier=declared.tier,
        dataset=dataset,
        registration=lock.number if lock else None,
        found=Verdict.ERROR,
        problem=problem,
    )


def _require_writable(each: CaseResult) -> None:
    """Raises what writing, reading or showing a verdict would, which is too late for all the others."""
    if wrong := [aside.measure for aside in each.asides if not isinstance(aside.measure, str)]:
        raise TypeError(f"an aside's measure is named by text, not by {wrong}")
    whole = json.dumps(encode(each), ensure_ascii=False, allow_nan=False).encode()
    decode(CaseResult, json.loads(whole))
    terminal.table([each])


def _agreement(item: pytest.Item, session: Session, claim: Claim) -> tuple[str, str]:
    """How a claim in full disagrees with its lock or with the record, and what is known of code that changed."""
    declared, trial = session.claims[item], session.trials[item]
    if declared.tier != "full":
        return "", ""
    if differs := session.differences(item, declared, claim.judged_here):
        return registration.explained(session.locks(declared.folder), differs), ""
    before, changed = session.recorded(declared), session.changed(item, declared)
    if before is None or not before.evidence:
        return "", ""  # changed code without a record is refused before training
    looks = [
        _look(trial.looks[place], found) for place, found in (trial.history | {trial.look: claim.evidence}).items()
    ]
    found = compared(before, claim.evidence, looks)
    if not found.differs:
        return "", f"{CHANGED}, same values of all {found.seeds} recorded seeds" if changed else ""
    is_same = before.runs == session.plan.digest(trial)
    if changed and before.rounding:
        is_same = is_same or before.rounding == session.plan.rounding(trial)
    if is_same:
        what = f"{CHANGED}: {', '.join(changed)}" if changed else "no locked code changed: look at what it calls"
        problem = f"{found.differs!r} has other values than the record has of the same seeds ({what})."
        return f"{problem} Restore the code, or lock the claim again. {AGAIN}", ""
    if have_same_verdict(before, looks):
        return "", VERDICT_ALONE if changed else ""
    if changed:
        return (
            f"{CHANGED} ({', '.join(changed)}), and the verdict is not the recorded one. These runs are rounded "
            "differently from the recorded ones, so values cannot be compared. Judge the claim on the machine of the "
            f"record, or lock it again. {AGAIN}"
        ), ""
    return "", OTHER_VERDICT


CHANGED = "code changed since registration"
VERDICT_ALONE = f"{CHANGED}; rounded differently, so only the verdict was compared: the same"
OTHER_VERDICT = "trained or rounded differently from the recorded runs, with another verdict after the same look"


def _say(item: pytest.Item, report: pytest.TestReport, said: str, reason: str) -> None:
    """Make a report say an outcome of the table; an expected failure is a skipped one with a reason."""
    report.outcome = "failed" if said == "failed" else "passed" if said == "passed" else "skipped"
    report.longrepr = None
    if said == "failed":
        report.longrepr = reason
    elif said == "skipped":
        path, line, _ = item.reportinfo()
        report.longrepr = (str(path), (line or 0) + 1, f"Skipped: {reason}")
    elif said == "xfailed":
        report.wasxfail = reason


def _drawn(item: pytest.Item, session: Session, claim: Claim) -> str:
    """Draw a claim's figure, where there is one; answers its path in the folder of artifacts.

    Of claims that share a figure, the one that was looked at with the most seeds draws it.
    """
    if claim.figure is None:
        return ""
    declared = session.claims[item]
    lock = session.lock(declared)
    name = (declared.folder.path, declared.tier, session.data(declared), claim.figure.name)
    if claim.figure.n < session.drawn.get(name, (0, ""))[0]:
        return session.drawn[name][1]
    path = session.gallery.add(
        claim.figure,
        session.artifacts[declared.tier],
        report=declared.folder.name,
        tier=declared.tier,
        dataset=session.data(declared),
        registration=lock.number if lock else None,
    )
    session.drawn[name] = (claim.figure.n, path)
    return path


def _record(
    item: pytest.Item,
    session: Session,
    claim: Claim,
    runs: Runs | Mapping[Any, Any],
    found: Verdict,
    problem: str,
    figure: str = "",
    note: str = "",
) -> CaseResult:
    """What the record keeps of a claim that was judged."""
    declared, trial = session.claims[item], session.trials[item]
    known = session.known(declared)
    lock = session.lock(declared)
    settings, seconds = _settings(runs, session)
    needed = _seeds_needed(claim.evidence) if found is Verdict.INCONCLUSIVE else None
    return CaseResult(
        report=declared.folder.name,
        id=declared.sentence.id,
        case=declared.case,
        tier=declared.tier,
        dataset=session.data(declared),
        found=found,
        evidence=() if problem else claim.evidence,
        registration=lock.number if lock else None,
        registered_on=lock.on if lock else "",
        first_trained=_first_trained(trial, session) if lock else "",
        known=known.verdict if known else None,
        problem=problem,
        looks=tuple(_look(trial.looks[place], found) for place, found in sorted(trial.history.items()))
        if trial.trainings
        else (),
        seeds_needed=needed,
        asides=claim.asides,
        reported=claim.reported,
        by_its_own_numbers=own_verdict(claim.evidence, claim.own_numbers) if claim.evidence else "not given",
        figures=(figure,) if figure else (),
        settings=settings,
        seconds_trained=round(seconds, 1),
        runs=session.plan.digest(trial),
        planned=session.scale(declared).exactly is None and note not in (VERDICT_ALONE, OTHER_VERDICT),
        rounding=session.plan.rounding(trial),
        code=note,
    )


def _look(seeds: int, found: tuple[Evidence, ...]) -> Look:
    return Look(seeds, tuple(map(_seen, found)))


def _seen(evidence: Evidence) -> Seen:
    found = evidence.interval
    return Seen(found.estimate, found.low, found.high, found.n, evidence.verdict)


def _seeds_needed(evidence: tuple[Evidence, ...]) -> int | str:
    """What the undecided conditions would take: the most of them, or that one lies at the border or has no seeds."""
    undecided = [each for each in evidence if each.verdict is Verdict.INCONCLUSIVE]
    if any(each.interval.n == 0 for each in undecided):
        return NO_SEED
    open_ = [seeds_needed(each) for each in undecided]
    counted = [each for each in open_ if each is not None]
    return max(counted) if len(counted) == len(open_) else AT_THE_BORDER


def _settings(runs: Runs | Mapping[Any, Any], session: Session) -> tuple[tuple[Mapping[str, Any], ...], float]:
    """What was trained, a configuration each, with the seconds that training and asking took; and all of them."""
    found, total = [], 0.0
    for name, run in runs.items():
        below = [session.plan.run(each, run.seeds).seconds for each in run.training.needs]
        trained, asked = (sum(below), run.seconds) if below else (run.seconds, 0.0)
        total += trained + asked
        found.append(
            {
                "name": ", ".join(map(str, name)) if isinstance(name, tuple) else str(name),
                **run.training.settings(),
                "trained": run.n,
                "seconds": round(trained, 1),
                "asking_seconds": round(asked, 1),
            }
        )
    return tuple(found), total


def _first_trained(trial: Trial, session: Session) -> str:
    """The date of the oldest file that the store has of a trial's trainings; empty where it trains nothing."""
    times = [time for each in trial.trainings.values() if (time := session.plan.trained_since(each, trial.seeds))]
    return datetime.fromtimestamp(min(times), UTC).date().isoformat() if times else ""

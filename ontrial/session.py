"""One session: a claim goes on the plan, is trained for, judged, and written, in this order."""

import io
import json
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from _pytest.skipping import evaluate_skip_marks

from ontrial import expected, locking
from ontrial.claim import Claim
from ontrial.collection import Declaration
from ontrial.expected import outcome
from ontrial.files import writable
from ontrial.functions import FunctionTraining
from ontrial.locking import OTHER_VERDICT, VERDICT_ALONE
from ontrial.publish import terminal
from ontrial.publish.figures import drawing_for, pyplot_closed
from ontrial.publish.frozen import AT_THE_BORDER, NO_SEED, CaseResult, Look, seen
from ontrial.publish.provenance import sources
from ontrial.publish.record import decode, encode
from ontrial.publish.terminal import Reporter, about, duration
from ontrial.registered import Lock
from ontrial.running.costs import StoreFull
from ontrial.running.plan import Draw, Plan, Trial, in_words
from ontrial.running.store import identity, with_needs
from ontrial.running.workers import NoWorkers
from ontrial.state import Session
from ontrial.stats.comparisons import own_verdict
from ontrial.stats.power import seeds_needed
from ontrial.stats.ranks import fewest
from ontrial.stats.verdicts import Evidence, Verdict
from ontrial.trainings import FAST_SEEDS, Run

_WORTH_SAYING = 600.0  # seconds, from which the time that the first look takes is said before anything is looked up
_NO_VERDICT = "the test ended without a verdict: its last statement must be claim.holds_if(...)"


def check_files(session: Session) -> None:
    """Make a damaged known.toml a problem of its claims, under `--ontrial-register` also a damaged registered.toml."""
    for folder in dict.fromkeys(each.folder for each in session.claims.values()):
        try:
            known = expected.read(folder.path)
            if session.config.option.ontrial_register:
                session.locks(folder)  # a damaged one is no base for the next
            session.expected[folder.path] = known
        except Exception as error:
            mine = [item for item, each in session.claims.items() if each.folder == folder]
            session.problems |= dict.fromkeys(mine, str(error))


def find_complete(session: Session) -> None:
    """Find the reports whose claims were all collected; expected verdicts of what no test declares are a problem.

    All were collected where an argument names the report's folder, or one above, and every marker could be read.
    """
    config = session.config
    named = [Path(config.invocation_params.dir, each).resolve() for each in config.args if "::" not in each]
    unread = [item.path for item in session.problems if item not in session.claims]
    for folder in (each.path for each in session.reports()):
        is_collected = any(folder.is_relative_to(place) for place in named)
        if not is_collected or any(path.is_relative_to(folder) for path in unread):
            continue
        session.complete.add(folder)
        mine = {item: (each.id, each.case) for item, each in session.claims.items() if each.folder.path == folder}
        if gone := [str(name) for name in session.expected[folder] if name[:2] not in mine.values()]:
            problem = f"{folder / expected.FILE} has what no test declares: {', '.join(gone)}. Remove these entries."
            session.problems |= dict.fromkeys(mine, problem)


def put_on_trial(session: Session, items: Sequence[pytest.Item]) -> None:
    """Put every claim that will be judged on the plan; what prevents one of them is its own problem."""
    for item in items:
        with session.contain(item):
            if item in session.claims and not session.problem(item) and evaluate_skip_marks(item) is None:
                session.selected.append(item)
                _add(session, item)


def _add(session: Session, item: pytest.Item) -> None:
    """Put a claim on the plan. Raises ValueError where its seeds cannot decide anything."""
    declared = session.claims[item]
    lock, least = session.lock(declared), fewest(session.alpha(declared))
    must_be_locked = declared.tier == "full" and (lock is not None or not session.config.option.ontrial_plan)
    if must_be_locked and (problem := locking.problem_before_training(session, item)):
        session.claims[item] = replace(declared, problem=problem)
        return
    looks = () if declared.looks is None else session.scales[declared.tier].looks(declared.looks, least)
    draw = lock.seeds if lock else _numbered if declared.tier == "fast" else _not_drawn_yet
    session.trials[item] = _trial(session, item, declared.tier, looks or (0,), draw)
    session.plan.add(session.trials[item])


def _numbered(count: int) -> tuple[int, ...]:
    return tuple(range(count))


def _not_drawn_yet(count: int) -> tuple[int, ...]:
    """Seeds that nothing was trained with: those of a claim that is not locked come from its lock."""
    return tuple(range(-count, 0))


def _trial(session: Session, item: pytest.Item, tier: str, looks: tuple[int, ...], draw: Draw) -> Trial:
    declared = session.claims[item]
    alpha = session.alpha(replace(declared, tier=tier))

    def call(claim: Claim, runs: Mapping[Any, Run]) -> None:
        given = {"claim": claim, **declared.parameters} | ({"runs": runs} if declared.trainings else {})
        with pyplot_closed():
            item.obj(**given)  # type: ignore[attr-defined]

    def make(seeds: tuple[int, ...] | None, fixed: Mapping[int, Evidence]) -> Claim:
        return Claim(declared.id, alpha, seeds, fixed)

    return Trial(str(declared), session.placed(declared, tier), looks, draw, make, call)


def require_folders(session: Session) -> None:
    """Raises ValueError where the record, or a store that is not there yet, cannot be written."""
    for tier in {session.claims[item].tier for item in session.trials}:
        writable(session.artifacts[tier])
    store = session.plan.setting.store.folder
    if session.trials and not store.is_dir():  # one that may only be read may have all that is needed
        writable(store)


def train(session: Session, trials: Sequence[Trial]) -> None:
    """Train all that these trials lack, look by look, and report the progress.

    Raises pytest.UsageError where the disk has too little room, or no worker can be started.
    """
    say, plan = partial(session.say, always=False), session.plan
    if unsure := [item for item in session.unsure if session.trials.get(item) in trials]:
        say(f"code of {len(unsure)} cases changed since registration: fast checks their conditions first")
        _check_conditions(session, unsure)
        trials = [trial for trial in trials if trial in plan.trials]
    if (total := plan.seconds_of_first_looks(trials)) > _WORTH_SAYING:
        say(f"first look: {about(total)} on {plan.workers} workers, less what is in the run store")
    jobs = plan.first_jobs(trials)
    if not jobs:
        return
    say(f"training: {len(jobs)} jobs, {about(plan.seconds(jobs))}")
    shown: Any = session.config.pluginmanager.getplugin("terminalreporter")
    is_quiet = shown is None or session.config.option.verbose < -1
    reporter = Reporter(io.StringIO() if is_quiet else shown._tw._file, say)
    try:
        plan.complete(jobs, reporter, until_failure=bool(session.config.option.maxfail))
    except KeyboardInterrupt:
        reporter.close()
        say("interrupted: {:,} of {:,} seeds are stored; run the same command to go on".format(*plan.stored()))
        raise
    except (StoreFull, NoWorkers) as error:
        raise pytest.UsageError(str(error)) from error
    finally:
        reporter.close()
    say(f"training took {duration(time.monotonic() - reporter.started)}")


def _check_conditions(session: Session, unsure: Sequence[pytest.Item]) -> None:
    """Evaluate claims whose code changed in the fast tier, and take those off the plan whose conditions are not as
    locked: what can be known before full trains anything.
    """
    plan, trials = Plan(session.plan.setting, session.plan.workers, session.plan.cluster), {}
    for item in unsure:
        with session.contain(item):
            trials[item] = _trial(session, item, "fast", (FAST_SEEDS,), _numbered)
            plan.add(trials[item])
    plan.complete(plan.first_jobs(), lambda _: None)
    for item, trial in trials.items():
        claim = trial.claim()
        try:
            trial.call(claim, plan.runs(trial))
        except KeyboardInterrupt:
            raise
        except BaseException:  # full will show it, at its own test
            continue
        with session.contain(item):
            if differs := locking.compare_judged(session, item, claim)[0]:
                raise ValueError(differs)


def judge(session: Session, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Set a report's outcome by the verdict and the expected one, and add the claim's record to the session's.

    Whatever is raised on the way, or cannot be written, is an error of this claim alone.
    """
    try:
        found = _judged(session, item, call, report)
        if found is not None:
            _require_writable(found)
    except Exception as error:
        session.judged.pop(item, None)
        found = _broken(session, item, in_words(error))
        _fail(report, in_words(error))
    if found is not None:
        session.results.append(found)
        for each in (item, report):  # the report of this phase has a copy of the item's
            each.user_properties += terminal.properties(found)


def _judged(
    session: Session, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> CaseResult | None:
    """The record of a claim after a phase of its test, None where it has none yet."""
    raised = call.excinfo.value if call.excinfo else None
    is_skipped = isinstance(raised, pytest.skip.Exception)
    trial, claim = session.trials.get(item), getattr(item, "funcargs", {}).get("claim")
    if call.when == "setup" and (problem := session.problem(item)):
        _fail(report, problem)
        declared = session.claims.get(item)
        if declared is None or declared.folder not in session.reports():
            return None
        found = _broken(session, item, problem)
        return found if found.tier == "fast" or found.registration is not None else None
    if trial is None:
        return None
    if call.when == "setup" and raised is not None and not is_skipped:
        return _record(session, item, trial.claim(), in_words(raised))
    if call.when != "call" or not isinstance(claim, Claim):
        return None
    if is_skipped and not claim.evidence and trial.at_look.partition(": ")[0] in ("", "Skipped"):
        return None  # skipped by hand: not run
    problem, note, figure = "" if raised is None or is_skipped else in_words(raised), "", ""
    if not problem and trial.at_look:
        problem = (
            f"at {trial.looks[trial.look]} seeds it did not do what it does now: {trial.at_look}. A claim's test is "
            "called once a look, and must depend on nothing but claim, runs and its parameters"
        )
    if not problem and not claim.evidence:
        problem, report.not_judged = _NO_VERDICT, True  # type: ignore[attr-defined]
    if not problem and session.claims[item].tier == "full":
        looks = _looks(trial, trial.history | {trial.look: claim.evidence})
        problem, note = locking.agreement(session, item, claim, looks)
    if not problem:
        try:
            figure = _drawn(session, item, claim)
        except Exception as error:
            problem = f"its figure could not be drawn: {in_words(error)}"
    if problem:
        if raised is None or report.outcome != "failed":
            _fail(report, problem)
        return _record(session, item, claim, problem)
    trial.keep(claim)
    claim.figure = None  # which may hold all arrays of the runs
    session.judged[item] = claim
    if session.claims[item].tier == "fast":
        locking.note_difference(session, item, claim)
    _set_outcome(session, item, claim, report)
    return _record(session, item, claim, "", figure, note)


def _fail(report: pytest.TestReport, problem: str) -> None:
    report.outcome, report.longrepr = "failed", problem
    vars(report).pop("wasxfail", None)


def _set_outcome(session: Session, item: pytest.Item, claim: Claim, report: pytest.TestReport) -> None:
    """Make a report say what pytest says of a verdict; an expected failure is a skipped test with a reason."""
    declared = session.claims[item]
    known = session.expected[declared.folder.path].get(session.name(declared))
    said, reason = outcome(str(declared), claim.evidence, claim.verdict, known)
    report.outcome = "skipped" if said == "xfailed" else said
    report.longrepr = reason if said == "failed" else None
    if said == "skipped":
        path, line, _ = item.reportinfo()
        report.longrepr = (str(path), (line or 0) + 1, f"Skipped: {reason}")
    elif said == "xfailed":
        report.wasxfail = reason


def _broken(session: Session, item: pytest.Item, problem: str) -> CaseResult:
    """The result of a claim of which nothing else can be known."""
    declared = session.claims[item]
    try:
        data, lock = session.name(declared).data, session.lock(declared)
    except Exception:
        data, lock = "not known", None
    return CaseResult(**_head(declared, data, lock), found=Verdict.ERROR, problem=problem)


def _head(declared: Declaration, data: str, lock: Lock | None) -> dict[str, Any]:
    """What a result is of."""
    names = {"report": declared.folder.name, "id": declared.id, "case": declared.case, "tier": declared.tier}
    return names | {"dataset": data, "registration": lock.number if lock else None}


def _require_writable(each: CaseResult) -> None:
    """Raises now what writing, reading or showing a verdict would raise when it is too late for all the others."""
    if wrong := [aside.measure for aside in each.asides if not isinstance(aside.measure, str)]:
        raise TypeError(f"an aside's measure is named by text, not by {wrong}")
    text = json.dumps(encode(each), ensure_ascii=False, allow_nan=False).encode()
    decode(CaseResult, json.loads(text))
    terminal.table([each])


def _drawn(session: Session, item: pytest.Item, claim: Claim) -> str:
    """Draw a claim's figure, where there is one; returns its path in the folder of artifacts.

    Of claims that share a figure, the one that was looked at with the most seeds draws it.
    """
    if claim.figure is None:
        return ""
    declared = session.claims[item]
    lock, data = session.lock(declared), session.name(declared).data
    figure = drawing_for(claim.figure, declared.id, declared.case, data, len(claim.seeds or ()))
    key = (declared.folder.path, declared.tier, data, figure.name)
    if figure.n >= session.drawn.get(key, (0, ""))[0]:
        path = session.gallery.add(
            figure,
            session.artifacts[declared.tier],
            report=declared.folder.name,
            tier=declared.tier,
            dataset=data,
            registration=lock.number if lock else None,
        )
        session.drawn[key] = (figure.n, path)
    return session.drawn[key][1]


def _record(
    session: Session, item: pytest.Item, claim: Claim, problem: str, figure: str = "", note: str = ""
) -> CaseResult:
    """What the record has of a claim that was judged, or that failed with a problem."""
    declared, trial = session.claims[item], session.trials[item]
    name, lock = session.name(declared), session.lock(declared)
    known = session.expected[declared.folder.path].get(name)
    found = Verdict.ERROR if problem else claim.verdict
    settings, seconds = _settings(session, getattr(item, "funcargs", {}).get("runs", {}))
    return CaseResult(
        **_head(declared, name.data, lock),
        found=found,
        evidence=() if problem else claim.evidence,
        registered_on=lock.on if lock else "",
        first_trained=_first_trained(session, trial) if lock else "",
        known=known.verdict if known else None,
        problem=problem,
        looks=_looks(trial, trial.history) if trial.trainings else (),
        seeds_needed=_seeds_needed(claim.evidence) if found is Verdict.INCONCLUSIVE else None,
        asides=claim.asides,
        reported=claim.reported,
        by_its_own_numbers=own_verdict(claim.evidence, claim.own_numbers) if claim.evidence else "not given",
        figures=(figure,) if figure else (),
        settings=settings,
        seconds_trained=round(seconds, 1),
        runs=session.plan.digest(trial),
        planned=session.scales[declared.tier].exactly is None and note not in (VERDICT_ALONE, OTHER_VERDICT),
        rounding=session.plan.rounding(trial),
        code=note,
        sources=sources(session.config.rootpath, item.reportinfo()[:2], trial.trainings.values()),
    )


def _looks(trial: Trial, history: Mapping[int, Sequence[Evidence]]) -> tuple[Look, ...]:
    """What each look saw of every condition."""
    return tuple(Look(trial.looks[place], tuple(map(seen, each))) for place, each in sorted(history.items()))


def _seeds_needed(evidence: Sequence[Evidence]) -> int | str:
    """What the inconclusive conditions would take: the most of them, or that one lies at the border or has no seeds."""
    inconclusive = [each for each in evidence if each.verdict is Verdict.INCONCLUSIVE]
    if any(each.interval.n == 0 for each in inconclusive):
        return NO_SEED
    needed = [seeds_needed(each) for each in inconclusive]
    return AT_THE_BORDER if None in needed else max(each for each in needed if each is not None)


def _settings(session: Session, runs: Mapping[Any, Run]) -> tuple[tuple[Mapping[str, Any], ...], float]:
    """What was trained, a configuration each, with the seconds that training and measuring took; and all of them.

    A function trains, whatever it needs; any other training that needs some measures them.
    """
    found, seconds = [], dict[Hashable, float]()
    for name, run in runs.items():
        for each in with_needs([run.training]):
            seconds[identity(each)] = session.plan.run(each, run.seeds).seconds
        below = [seconds[identity(each)] for each in run.training.needs]
        measures = below and not isinstance(run.training, FunctionTraining)
        trained, measured = (sum(below), run.seconds) if measures else (run.seconds, 0.0)
        found.append(
            {
                "name": ", ".join(map(str, name)) if isinstance(name, tuple) else str(name),
                **run.training.settings(),
                "trained": run.n,
                "seconds": round(trained, 1),
                "asking_seconds": round(measured, 1),
            }
        )
    return tuple(found), sum(seconds.values())


def _first_trained(session: Session, trial: Trial) -> str:
    """The date of the oldest file that the store has of a trial's trainings; empty where it trains nothing."""
    times = [time for each in trial.trainings.values() if (time := session.plan.trained_since(each, trial.seeds))]
    return datetime.fromtimestamp(min(times), UTC).date().isoformat() if times else ""

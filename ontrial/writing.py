"""Writing: what a session leaves on disk at its end, and what it says of that."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import threadpoolctl

from ontrial import known, registered, registration
from ontrial.declarations import Declaration
from ontrial.files import LockHeld
from ontrial.known import Name
from ontrial.publish import combine, page, record, terminal
from ontrial.publish.frozen import CaseResult, FrozenClaim, Key, Registered, frozen_report
from ontrial.publish.provenance import provenance
from ontrial.publish.summary import summarize
from ontrial.registration import CODE_ALONE, Criterion
from ontrial.report import Folder, task_of
from ontrial.running import machine
from ontrial.running.store import canonical
from ontrial.running.trial import in_words
from ontrial.session import Session
from ontrial.stats.verdicts import Verdict

Say = Callable[[str], object]
_SAID = (Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE)


def require_readable(session: Session, config: pytest.Config) -> None:
    """Make a known.toml that cannot be read a problem of its report's claims; under `--register` also its lock file."""
    for item, declared in session.claims.items():
        try:
            session.all_known(declared.folder.path)
            if config.option.register:
                session.locks(declared.folder)  # a damaged one is no base for the next
        except Exception as error:
            session.damaged.add(declared.folder.path)
            session.problems[item] = str(error)


def find_whole(session: Session, config: pytest.Config) -> None:
    """Find the reports that were collected whole; what is known of a claim or case that no test declares is a problem.

    A report with a test whose marker could not be read was not.
    """
    lost = [item.path for item in session.problems if item not in session.claims]
    session.collected_whole = {
        each.path for each in _reports(session)
        if _is_whole(each.path, config) and not any(path.is_relative_to(each.path) for path in lost)
    }  # fmt: skip
    for folder in session.collected_whole:
        mine = {item: each for item, each in session.claims.items() if each.folder.path == folder}
        cases: dict[str, list[str]] = defaultdict(list)
        for declared in mine.values():
            cases[declared.sentence.id].append(declared.case)
        if gone := known.without_a_test(session.all_known(folder), cases):
            names = ", ".join(map(str, gone))
            problem = f"{folder / known.FILE} knows what no test declares: {names}. Remove these entries."
            session.problems |= dict.fromkeys(mine, problem)


def write(session: Session, config: pytest.Config, say: Say, tell: Say) -> None:
    """Write record, page and badges of each tier; and, where asked, what was accepted or registered.

    say: told of what is waited for, was found damaged, or could not be written; tell: of all else.
    """
    session.was_written = True
    for name in session.plan.damaged():
        say(f"set aside, since it did not read back whole: {name}")
    refused = _refused(session)
    recorded = [each for each in session.records if each.key not in refused]
    with _told(session, say):
        session.gallery.finish(
            _figures(session, session.records) - _figures(session, recorded)
        )  # before a page is made
    for tier in ("full", "fast"):
        if records := [each for each in session.records if each.tier == tier]:
            with _told(session, say, f" to {session.artifacts[tier]}"):
                _publish(session, config, tier, records, say, tell)
    if not session.records:
        return  # nothing was tried: an error follows
    if config.option.accept:
        with _told(session, say):
            _accept(session, recorded, tell)
    elif moved := [line for line in (_moved(session, each) for each in recorded) if line]:
        for line in ("other than known (--accept writes them into known.toml):", *moved):
            tell(line)
    if config.option.register:
        with _told(session, say):
            _register(session, config, say)
    elif session.differing:
        for line in ("not as registered (full refuses it, or compares its values):", *session.differing):
            tell(line)


@contextmanager
def _told(session: Session, say: Say, where: str = "") -> Iterator[None]:
    """Say what could not be written, in one line, and remember it."""
    try:
        yield
    except Exception as error:
        session.is_not_written = True
        told = str(error) if isinstance(error, OSError | ValueError | LockHeld) else in_words(error)
        say(f"NOT WRITTEN{where}: {told}. The run store is untouched.")


def shown(session: Session) -> list[str]:
    """The verdict table."""
    reports = [frozen_report(each, session.root) for each in _reports(session)]
    return [*terminal.table(session.records, reports), ""] if session.records else []


def _publish(
    session: Session, config: pytest.Config, tier: str, records: list[CaseResult], say: Say, tell: Say
) -> None:
    folder = session.artifacts[tier]
    with threadpoolctl.threadpool_limits(1):
        rate = machine.matrix_product_rate()
    ran_on = {
        "device": session.scales[tier].options.get("device") or "cpu",
        "cpu": machine.cpu(),
        "matrix_product_rate": float(f"{rate / 1e9:.3g}"),
    }
    beside = session.artifacts["full"] if session.artifacts["full"] != folder else None
    before = summarize(*(record.readable(each) for each in (folder, beside) if each))
    path = combine.merge(
        folder,
        records,
        provenance(session.root, ran_on, config.getini("ontrial_packages"), _outputs(session)),
        [frozen_report(each, session.root) for each in _reports(session)],
        [_declared(session, each) for each in session.sound()],
        [each.path.name for each in _reports(session) if each.path in session.collected_whole],
        config.option.lock_limit,
        say,
    )
    shown = page.write(folder, whys=_whys(session), beside=beside, before=before)
    tell(f"written to {path}, and the page to {shown}")


def _refused(session: Session) -> set[Key]:
    """The keys of findings in full that will not replace what is recorded."""
    found = [each for each in session.records if each.tier == "full"]
    before = {each.key: each for each in record.readable(session.artifacts["full"]).verdicts} if found else {}
    return {each.key for each in found if each.key in before and combine.keeps(before[each.key], each)}


def _figures(session: Session, records: list[CaseResult]) -> set[Path]:
    return {session.artifacts[each.tier] / figure for each in records for figure in each.figures}


def _outputs(session: Session) -> list[Path]:
    """What sessions write below the project: the run store, and what each folder of artifacts has."""
    names = (f"{record.NAME}*", f".{record.NAME}*", ".verdicts.lock", "index.html", "badges", "figures")
    folders = session.artifacts.values()
    return [session.plan.setting.store.folder, *(folder / name for folder in folders for name in names)]


def _accept(session: Session, recorded: list[CaseResult], tell: Say) -> None:
    found: dict[Path, dict[Name, Verdict]] = defaultdict(dict)
    for each in recorded:
        if each.found in _SAID:
            name = Name(each.id, each.case, each.tier, each.dataset)
            found[_folder(session, each.report).path][name] = each.found
    lines = [line for folder, verdicts in found.items() for line in known.accept(folder, verdicts)]
    errors = sum(each.found not in _SAID for each in session.records)
    but = f", except {errors} error{'s' if errors > 1 else ''}" if errors else ""
    for line in ["accepted:", *lines] if lines else [f"nothing to accept: all is as known{but}"]:
        tell(line)


def _moved(session: Session, each: CaseResult) -> str:
    """How a verdict differs from the one that is known, "" where it does not."""
    name = Name(each.id, each.case, each.tier, each.dataset)
    before = session.all_known(_folder(session, each.report).path).get(name)
    if each.found not in _SAID or (before.verdict if before else Verdict.HOLDS) is each.found:
        return ""
    return f"  {name}: {before.verdict if before else 'not known'}, now {each.found}"


def _register(session: Session, config: pytest.Config, say: Say) -> None:
    """Lock the claims that are new, or changed, of those whose every case was evaluated in the fast tier.

    What is locked already is locked again only with `--yes`, and where its code alone changed only if `--claim` names
    it, since full compares its values. Raises ValueError where the report has more sides than its `sides` allow.
    """
    lines: list[str] = []
    for folder in _reports(session):
        found, lacking = _evaluated(session, folder)
        lines += [f"not registered, since {name} was not judged" for name in lacking]
        if folder.path not in session.collected_whole:
            lines.append(f"not registered, since only a part of {folder.name} was collected: name the whole folder")
            continue
        locks = session.locks(folder)
        why = registration.reasons(locks, found)
        named = {name.rpartition("/")[2] for text in config.option.claim for name in text.split(",")}
        wanted = {claim: reason for claim, reason in why.items() if reason != CODE_ALONE or claim in named}
        lines += [f"{claim}: its code alone changed; full compares its values" for claim in why.keys() - wanted.keys()]
        locked = [each for each in registration.current(locks) if each.claim not in wanted]
        new = [each for each in found if each.claim in wanted]
        if (sides := sum(each.sides for each in (*locked, *new))) > folder.report.sides:
            raise ValueError(
                f"the claims of {folder.name} have {sides} sides: write Report(..., sides={sides}) or more"
            )
        if not wanted:
            continue
        lines += [f"{claim}: {reason}" for claim, reason in wanted.items()] + [_price(session, folder, wanted)]
        if any(reason != "new" for reason in wanted.values()) and not config.option.yes:
            session.is_not_written = True
            lines.append("nothing was locked: --yes locks again what is locked, with other seeds and half the error")
            continue
        tasks: dict[str, list[Criterion]] = defaultdict(list)
        for each in new:
            tasks[task_of(folder.report.tasks, each.claim).prefix].append(each)
        lines += registered.register(folder.path, tasks)
    for line in ["registered:", *lines] if lines else ["nothing to register: all criteria are as they are locked"]:
        say(line)


def _evaluated(session: Session, folder: Folder) -> tuple[list[Criterion], list[str]]:
    """What a report's claims were found to lock, those whose every case was judged, and the cases that were not."""
    found: dict[str, list[Criterion]] = defaultdict(list)
    lacking: dict[str, list[str]] = defaultdict(list)
    for item, declared in session.claims.items():
        if declared.tier == "fast" and declared.folder == folder:
            claim = session.judged.get(item)
            if claim is None:
                lacking[declared.sentence.id].append(str(declared))
            else:
                conditions, among = registration.conditions(claim.judged_here), registration.among(claim.judged_here)
                found[declared.sentence.id].append(session.criterion(item, declared, conditions, among))
    selected = {session.claims[item].sentence.id for item in session.selected}
    whole = [each for claim, cases in found.items() if claim not in lacking for each in cases]
    return whole, [name for claim, names in lacking.items() if claim in selected for name in names]


def _price(session: Session, folder: Folder, claims: Collection[str]) -> str:
    """What judging these claims in full costs: seeds, and hours of one core by the record, else by estimate."""
    seconds: dict[str, float] = {}
    for each in record.readable(session.artifacts["full"]).verdicts:
        for one in each.settings:
            if one["trained"]:
                seconds[_plain(one)] = (one["seconds"] + one.get("asking_seconds", 0.0)) / one["trained"]
    wanted: dict[str, tuple[int, float]] = {}
    for declared in session.claims.values():
        if declared.folder == folder and declared.sentence.id in claims and declared.looks is not None:
            for training in session.placed(declared, "full").values():
                name = _plain(training.settings())
                wanted[name] = (declared.looks.budget, seconds.get(name, training.estimate(1)))
    most = max((seeds for seeds, _ in wanted.values()), default=0)
    hours = sum(seeds * each for seeds, each in wanted.values()) / 3600
    return f"to judge in full: at most {most} seeds of {len(wanted)} trainings, about {hours:.2g} hours of one core"


def _plain(settings: Mapping[str, Any]) -> str:
    beside = ("name", "trained", "seconds", "asking_seconds")
    return canonical({name: value for name, value in settings.items() if name not in beside})


def _reports(session: Session) -> list[Folder]:
    """The reports whose files can be read."""
    return list(dict.fromkeys(each.folder for each in session.sound()))


def _folder(session: Session, name: str) -> Folder:
    return next(each for each in _reports(session) if each.name == name)


def _is_whole(folder: Path, config: pytest.Config) -> bool:
    """Whether all tests of a folder were collected: an argument names it, or one above, and no single test."""
    places = [Path(config.invocation_params.dir, argument.split("::")[0]).resolve() for argument in config.args]
    return any(
        folder.is_relative_to(place) and "::" not in argument
        for place, argument in zip(places, config.args, strict=True)
    )


def _declared(session: Session, declared: Declaration) -> FrozenClaim:
    said = declared.sentence
    try:
        lock = registration.lock_of(session.locks(declared.folder), said.id)
    except ValueError:  # damaged: told where it is needed
        lock = None
    return FrozenClaim(
        declared.folder.name,
        said.id,
        said.statement,
        said.kind,
        said.source,
        (declared.case,),
        Registered(lock.number, lock.on, lock.hash) if lock else None,
    )


def _whys(session: Session) -> dict[tuple[str, str, str, str, str], str]:
    """Why verdicts are what they are, by report, claim, case, tier and data."""
    return {
        (folder.name, *name): each.why
        for folder in _reports(session)
        for name, each in session.all_known(folder.path).items()
    }

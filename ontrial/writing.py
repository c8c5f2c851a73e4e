"""Writing: what a session leaves on disk at its end, and what it says of that."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
import threadpoolctl

from ontrial import known, registration
from ontrial.declarations import Declaration
from ontrial.evidence.verdicts import Verdict
from ontrial.known import Name
from ontrial.publish import encoding, page, reading, record, table
from ontrial.publish.entries import Declared, Judged, Key, Registered, report_of
from ontrial.publish.sessions import environment
from ontrial.registration import Criterion
from ontrial.report import Folder
from ontrial.running import machine
from ontrial.running.locks import LockHeld
from ontrial.session import Session

Say = Callable[[str], object]
_SAID = (Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE)


def require_known(session: Session, config: pytest.Config) -> None:
    """Find the reports that were collected whole, and check what is known of them.

    Raises ValueError for a known verdict of a claim or case that no test declares.
    """
    session.collected_whole = {each.path for each in _reports(session) if _is_whole(each.path, config)}
    for folder in session.collected_whole:
        cases: dict[str, list[str]] = defaultdict(list)
        for declared in session.claims.values():
            if declared.folder.path == folder:
                cases[declared.sentence.id].append(declared.case)
        if gone := known.without_a_test(session.all_known(folder), cases):
            names = ", ".join(map(str, gone))
            raise ValueError(f"{folder / known.FILE} knows what no test declares: {names}. Remove these entries.")


def write(session: Session, config: pytest.Config, say: Say) -> None:
    """Write record, page and badges of each tier; and, where asked, what was accepted or registered.

    say: told of what was written, is waited for, was found damaged, or could not be written.
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
                _publish(session, config, tier, records, say)
    if config.option.accept:
        with _told(session, say):
            _accept(session, recorded, say)
    elif moved := [line for line in (_moved(session, each) for each in recorded) if line]:
        for line in ("other than known (--accept writes them into known.toml):", *moved):
            say(line)
    if config.option.register:
        with _told(session, say):
            _register(session, say)


@contextmanager
def _told(session: Session, say: Say, where: str = "") -> Iterator[None]:
    """Say what could not be written, in one line, and remember it."""
    try:
        yield
    except (OSError, ValueError, LockHeld) as error:
        session.is_not_written = True
        say(f"NOT WRITTEN{where}: {error}. The run store is untouched.")


def shown(session: Session) -> list[str]:
    """The verdict table."""
    reports = [report_of(each, session.root) for each in _reports(session)]
    return [*table.lines(session.records, reports), ""] if session.records else []


def encoding_of(file: TextIO) -> str | None:
    """What a terminal writes in, None where it does not say."""
    return getattr(file, "encoding", None)


def _publish(session: Session, config: pytest.Config, tier: str, records: list[Judged], say: Say) -> None:
    folder = session.artifacts[tier]
    with threadpoolctl.threadpool_limits(1):
        rate = machine.matrix_product_rate()
    ran_on = {
        "device": session.scales[tier].options.get("device") or "cpu",
        "cpu": machine.cpu(),
        "matrix_product_rate": float(f"{rate / 1e9:.3g}"),
    }
    beside = session.artifacts["full"] if session.artifacts["full"] != folder else None
    before = reading.before(folder, beside)
    path = record.merge(
        folder,
        records,
        environment(session.root, ran_on, config.getini("ontrial_packages"), _outputs(session)),
        [report_of(each, session.root) for each in _reports(session)],
        [_declared(session, each) for each in session.claims.values()],
        [each.path.name for each in _reports(session) if each.path in session.collected_whole],
        config.option.lock_limit,
        say,
    )
    shown = page.write(folder, whys=_whys(session), beside=beside, before=before)
    say(f"written to {path}, and the page to {shown}")


def _refused(session: Session) -> set[Key]:
    """The keys of findings in full that will not replace what is recorded."""
    found = [each for each in session.records if each.tier == "full"]
    before = {each.key: encoding.judged(each) for each in reading.verdicts(session.artifacts["full"])} if found else {}
    return {each.key for each in found if each.key in before and record.keeps(before[each.key], encoding.judged(each))}


def _figures(session: Session, records: list[Judged]) -> set[Path]:
    return {session.artifacts[each.tier] / figure for each in records for figure in each.figures}


def _outputs(session: Session) -> list[Path]:
    """What sessions write below the project: the run store, and what each folder of artifacts has."""
    names = (f"{record.NAME}*", f".{record.NAME}*", ".verdicts.lock", "index.html", "badges", "figures")
    folders = session.artifacts.values()
    return [session.plan.setting.store.folder, *(folder / name for folder in folders for name in names)]


def _accept(session: Session, recorded: list[Judged], say: Say) -> None:
    found: dict[Path, dict[Name, Verdict]] = defaultdict(dict)
    for each in recorded:
        if each.found in _SAID:
            name = Name(each.id, each.case, each.tier, each.dataset)
            found[_folder(session, each.report).path][name] = each.found
    lines = [line for folder, verdicts in found.items() for line in known.accept(folder, verdicts)]
    for line in ["accepted:", *lines] if lines else ["nothing to accept: all is as known"]:
        say(line)


def _moved(session: Session, each: Judged) -> str:
    """How a verdict differs from the one that is known, "" where it does not."""
    name = Name(each.id, each.case, each.tier, each.dataset)
    before = session.all_known(_folder(session, each.report).path).get(name)
    if each.found not in _SAID or (before.verdict if before else Verdict.HOLDS) is each.found:
        return ""
    return f"  {name}: {before.verdict if before else 'not known'}, now {each.found}"


def _register(session: Session, say: Say) -> None:
    """Lock the tasks all of whose claims were evaluated in the fast tier, in reports that were collected whole."""
    criteria: dict[Path, dict[str, list[Criterion]]] = defaultdict(lambda: defaultdict(list))
    lacking: dict[tuple[Path, str], list[str]] = defaultdict(list)
    for item, declared in session.claims.items():
        if declared.tier == "full":
            continue
        folder, task = declared.folder.path, declared.folder.task_of(declared.sentence.id).prefix
        if (claim := session.judged.get(item)) is None:
            lacking[folder, task].append(str(declared))
        else:
            found = session.criterion(declared, registration.conditions(claim.judged_here))
            criteria[folder][task].append(found)
    lines = [f"not registered, since {', '.join(names)} was not judged" for names in lacking.values()]
    for folder, tasks in criteria.items():
        if folder not in session.collected_whole:
            lines.append(f"not registered, since only a part of {folder.name} was collected: name the whole folder")
            continue
        whole = {task: found for task, found in tasks.items() if (folder, task) not in lacking}
        lines += registration.register(folder, whole)
    for line in ["registered:", *lines] if lines else ["nothing to register: all criteria are as they are locked"]:
        say(line)


def _reports(session: Session) -> list[Folder]:
    return list(dict.fromkeys(each.folder for each in session.claims.values()))


def _folder(session: Session, name: str) -> Folder:
    return next(each for each in _reports(session) if each.name == name)


def _is_whole(folder: Path, config: pytest.Config) -> bool:
    """Whether all tests of a folder were collected: an argument names it, or one above, and no single test."""
    places = [Path(config.invocation_params.dir, argument.split("::")[0]).resolve() for argument in config.args]
    return any(
        folder.is_relative_to(place) and "::" not in argument
        for place, argument in zip(places, config.args, strict=True)
    )


def _declared(session: Session, declared: Declaration) -> Declared:
    said, lock = declared.sentence, session.lock(declared)
    return Declared(
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

"""Writing: what a session leaves on disk at its end, and what it says of that."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

import pytest
import threadpoolctl

from ontrial import known, registration
from ontrial.declarations import Declaration
from ontrial.evidence.verdicts import Verdict
from ontrial.known import Name
from ontrial.publish import page, record, table
from ontrial.publish.entries import Declared, Judged, Registered, report_of
from ontrial.publish.plain import plain
from ontrial.publish.sessions import environment
from ontrial.registration import Criterion
from ontrial.report import Folder
from ontrial.running import machine
from ontrial.running.locks import LockHeld
from ontrial.session import Session

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


def write(session: Session, config: pytest.Config) -> None:
    """Write record, page and badges of each tier; and, where asked, what was accepted or registered."""
    session.lines += [f"set aside, since it did not read back whole: {name}" for name in session.plan.damaged()]
    for tier in ("full", "fast"):
        if records := [each for each in session.records if each.tier == tier]:
            try:
                session.lines += _published(session, config, tier, records)
            except (OSError, ValueError, LockHeld) as error:
                session.lines.append(f"NOT WRITTEN to {session.artifacts[tier]}: {error}. The run store is untouched.")
    if config.option.accept:
        session.lines += _unless_it_fails(_accepted, session)
    elif moved := [line for line in (_moved(session, each) for each in session.records) if line]:
        session.lines += ["other than known (--accept writes them into known.toml):", *moved]
    if config.option.register:
        session.lines += _unless_it_fails(_registered, session)


def summary(session: Session, encoding: str | None) -> Iterable[str]:
    """The verdict table, and what was written or found damaged, as a terminal of this encoding can show it."""
    reports = [report_of(each, session.root) for each in _reports(session)]
    lines = [*table.lines(session.records, reports), ""] if session.records else []
    return [plain(line, encoding) for line in (*lines, *session.lines)]


def encoding_of(file: TextIO) -> str | None:
    """What a terminal writes in, None where it does not say."""
    return getattr(file, "encoding", None)


def _published(session: Session, config: pytest.Config, tier: str, records: list[Judged]) -> list[str]:
    folder = session.artifacts[tier]
    lines: list[str] = []
    with threadpoolctl.threadpool_limits(1):
        rate = machine.matrix_product_rate()
    ran_on = {
        "device": session.scales[tier].options.get("device") or "cpu",
        "cpu": machine.cpu(),
        "matrix_product_rate": float(f"{rate / 1e9:.3g}"),
    }
    path = record.merge(
        folder,
        records,
        environment(session.root, ran_on, config.getini("ontrial_packages")),
        [report_of(each, session.root) for each in _reports(session)],
        [_declared(session, each) for each in session.claims.values()],
        [each.path.name for each in _reports(session) if each.path in session.collected_whole],
        config.option.lock_limit,
        lines.append,
    )
    beside = session.artifacts["full"] if session.artifacts["full"] != folder else None
    shown = page.write(folder, whys=_whys(session), beside=beside)
    return [*lines, f"written to {path}, and the page to {shown}"]


def _accepted(session: Session) -> list[str]:
    found: dict[Path, dict[Name, Verdict]] = defaultdict(dict)
    for each in session.records:
        if each.found in _SAID:
            name = Name(each.id, each.case, each.tier, each.dataset)
            found[_folder(session, each.report).path][name] = each.found
    lines = [line for folder, verdicts in found.items() for line in known.accept(folder, verdicts)]
    return ["accepted:", *lines] if lines else ["nothing to accept: all is as known"]


def _moved(session: Session, each: Judged) -> str:
    """How a verdict differs from the one that is known, "" where it does not."""
    name = Name(each.id, each.case, each.tier, each.dataset)
    before = session.all_known(_folder(session, each.report).path).get(name)
    if each.found not in _SAID or (before.verdict if before else Verdict.HOLDS) is each.found:
        return ""
    return f"  {name}: {before.verdict if before else 'not known'}, now {each.found}"


def _unless_it_fails(write_file: Callable[[Session], list[str]], session: Session) -> list[str]:
    """The lines of what was written, or why it could not be."""
    try:
        return write_file(session)
    except (OSError, ValueError) as error:
        return [f"NOT WRITTEN: {error}"]


def _registered(session: Session) -> list[str]:
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
    return ["registered:", *lines] if lines else ["nothing to register: all criteria are as they are locked"]


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

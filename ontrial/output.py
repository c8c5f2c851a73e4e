"""What a session writes at its end: figures, record and page, expected verdicts and locks included."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import threadpoolctl

from ontrial import expected, locking, registered
from ontrial.collection import Declaration
from ontrial.expected import Name
from ontrial.files import LockHeld
from ontrial.publish import combine, page, terminal
from ontrial.publish.frozen import CaseResult, FrozenClaim, Registered, frozen_report
from ontrial.publish.provenance import provenance
from ontrial.publish.record import NAME, readable
from ontrial.publish.summary import summarize
from ontrial.running import machine
from ontrial.running.plan import in_words
from ontrial.state import Session
from ontrial.stats.verdicts import Verdict


def verdict_table(session: Session, width: int | None) -> list[str]:
    reports = [frozen_report(each, session.config.rootpath) for each in session.reports()]
    return [*terminal.table(session.results, reports, width), ""] if session.results else []


def write(session: Session) -> None:
    """Write figures, record and page of each tier, and what --ontrial-accept and --ontrial-register write."""
    session.is_written = True
    option, say = session.config.option, partial(session.say, always=False)
    for name in session.plan.damaged():
        session.say(f"set aside, since it cannot be read: {name}")
    counting = _counting(session)
    with _reported(session):  # before a page is made
        session.gallery.finish(_figures(session, session.results) - _figures(session, counting))
    for tier in ("full", "fast"):
        if records := [each for each in session.results if each.tier == tier]:
            with _reported(session, f" to {session.artifacts[tier]}"):
                _publish(session, tier, records)
    if not session.results:
        return  # nothing was tried: an error follows
    folders = {each.name: each.path for each in session.reports()}
    found: dict[Path, dict[Name, Verdict]] = defaultdict(dict)
    for each in counting:
        if each.found in expected.SAID:
            found[folders[each.report]][Name(each.id, each.case, each.tier, each.dataset)] = each.found
    if option.ontrial_accept:
        with _reported(session):
            lines = [line for folder, verdicts in found.items() for line in expected.accept(folder, verdicts)]
            errors = sum(each.found not in expected.SAID for each in session.results)
            but = f", except {errors} error{'s' if errors > 1 else ''}" if errors else ""
            for line in ["accepted:", *lines] if lines else [f"nothing to accept: all is as expected{but}"]:
                say(line)
    elif moved := [line for folder, verdicts in found.items() for line in _moved(session, folder, verdicts)]:
        for line in ("not as expected (--ontrial-accept writes these into known.toml):", *moved):
            say(line)
    if option.ontrial_register:
        with _reported(session):
            locking.register(session)
    elif session.differing:
        for line in ("not as registered (full refuses it, or compares its values):", *session.differing):
            say(line)


def _moved(session: Session, folder: Path, found: dict[Name, Verdict]) -> Iterator[str]:
    for name, verdict in found.items():
        before = session.expected[folder].get(name)
        if verdict is not (before.verdict if before else Verdict.HOLDS):
            yield f"  {name}: {f'expected {before.verdict}' if before else 'not expected'}, found {verdict}"


@contextmanager
def _reported(session: Session, where: str = "") -> Iterator[None]:
    """Say what could not be written, in one line, and remember it."""
    try:
        yield
    except Exception as error:
        session.has_failed_to_write = True
        text = str(error) if isinstance(error, OSError | ValueError | LockHeld) else in_words(error)
        session.say(f"NOT WRITTEN{where}: {text}. The run store is untouched.")


def _publish(session: Session, tier: str, records: Sequence[CaseResult]) -> None:
    root, folder, full = session.config.rootpath, session.artifacts[tier], session.artifacts["full"]
    with threadpoolctl.threadpool_limits(1):
        rate = machine.matrix_product_rate()
    ran_on = {
        "device": session.scales[tier].options.get("device") or "cpu",
        "cpu": machine.cpu(),
        "matrix_product_rate": float(f"{rate / 1e9:.3g}"),
    }
    names = (f"{NAME}*", f".{NAME}*", ".verdicts.lock", "index.html", "badges", "figures")
    written = [each / name for each in session.artifacts.values() for name in names]
    written.append(session.plan.setting.store.folder)
    beside = full if full != folder else None
    before = summarize(*(readable(each) for each in (folder, beside) if each))
    folders = session.reports()
    reports = [frozen_report(each, root) for each in folders]
    path = combine.merge(
        folder,
        records,
        provenance(root, ran_on, session.config.getini("ontrial_packages"), written),
        reports,
        [_declared(session, each) for each in session.claims.values() if each.folder in folders],
        [each.name for each in folders if each.path in session.complete],
        session.config.option.ontrial_lock_limit,
        session.say,
    )
    shown = page.write(folder, root, beside=beside, before=before)
    session.say(f"written to {path}, and the page to {shown}", always=False)


def _declared(session: Session, declared: Declaration) -> FrozenClaim:
    try:
        lock = registered.lock_of(session.locks(declared.folder), declared.id)
    except ValueError:  # damaged: said where it is needed
        lock = None
    return FrozenClaim(
        declared.folder.name,
        declared.id,
        declared.statement,
        declared.kind,
        declared.source,
        (declared.case,),
        Registered(lock.number, lock.on, lock.hash) if lock else None,
    )


def _counting(session: Session) -> list[CaseResult]:
    """The findings of this session that will replace what is recorded."""
    before = {each.key: each for each in readable(session.artifacts["full"]).verdicts if each.tier == "full"}
    return [each for each in session.results if not (was := before.get(each.key)) or combine.replaces(each, was)]


def _figures(session: Session, records: Sequence[CaseResult]) -> set[Path]:
    return {session.artifacts[each.tier] / figure for each in records for figure in each.figures}

"""Combining: what a session found with what the record has, and the artifacts of several runs in one folder.

`ontrial combine INTO FROM …` puts FROM's verdicts and their figures into INTO, whose own stay where no other is newer,
such as those of a sharded full tier.
"""

import argparse
import hashlib
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from ontrial.files import LOCK_LIMIT, inside, locked
from ontrial.publish.frozen import CaseResult, FrozenClaim, FrozenReport, Key, Last, is_count
from ontrial.publish.record import NAME, Record, digest, load, order, recover, save
from ontrial.stats.verdicts import Verdict

_DECIDED = (Verdict.HOLDS, Verdict.REFUTED)
Say = Callable[[str], object]


def merge(
    folder: Path,
    results: Iterable[CaseResult],
    session: Mapping[str, Any],
    reports: Iterable[FrozenReport] = (),
    claims: Iterable[FrozenClaim] = (),
    collected: Collection[str] = (),
    limit: float = LOCK_LIMIT,
    say: Say = print,
) -> Path:
    """Put what a session found into the folder's record, in place of earlier results of the same key.

    A result that does not replace the recorded one (see `replaces`) is noted beside it.
    session: as `ontrial.publish.provenance` has it; claims: those that it collected, run or not, one entry a case or
    with all cases; collected: reports that were collected completely, so that claims and cases that they no longer
    declare leave the record, with the figures that nothing else names; limit: seconds to wait for another session that
    writes; say: gets a line for what is waited for, set aside, or not replaced. Returns the path of verdicts.json.
    Raises LockHeld at the limit, OSError where the folder cannot be written.
    """
    with locked(folder / ".verdicts.lock", limit, say):
        before = recover(folder, say)
        now = _merged(claims, [each for each in before.claims if each.report not in collected])
        declared = tuple(each for each in before.claims if each.report not in collected or each.name in now)
        found = {
            each.key: each for each in before.verdicts
            if each.report not in collected or _is_declared(each, now.get(each.key[:2]))
        }  # fmt: skip
        drawn: set[str] = set()
        for each in results:
            new = replace(each, session=session["time"])
            new = replace(new, digest=digest(new))
            if (was := found.get(new.key)) is None or replaces(new, was):
                found[new.key] = new
                drawn |= set(new.figures)
            else:
                found[new.key] = with_last(was, new)
                problem = f": {new.problem.splitlines()[0]}" if new.problem else ""
                recorded, now_found = (str(each.found) + f" (n = {each.n})" * bool(each.n) for each in (was, new))
                name = f"{was.id} {was.case}".strip()
                say(f"the record keeps: {name} {recorded}; this session found {now_found}{problem}")
        added = Record((session,), tuple(reports), tuple(now.values()), tuple(found.values()), digests(folder, drawn))
        record = joined(replace(before, claims=declared, verdicts=()), added)
        save(folder / NAME, record)
        for figure in _figures(before) - _figures(record):
            _delete(folder, figure)
    return folder / NAME


def replaces(new: CaseResult, was: CaseResult) -> bool:
    """Whether a session's result replaces the recorded one.

    Under a registration an error does not, nor what was looked at with `--ontrial-seeds N`, nor an inconclusive result
    a decided one, nor fewer seeds more of them where it is no clearer. An error is always replaced, and a look with
    `--ontrial-seeds N` by any planned one that is as clear.
    """
    if was.registration is None or was.found is Verdict.ERROR:
        return True
    if new.found is Verdict.ERROR:
        return False
    was_decided, is_decided = was.found in _DECIDED, new.found in _DECIDED
    if was.planned != new.planned:
        return new.planned and is_decided >= was_decided
    return (is_decided, _seeds(new)) >= (was_decided, _seeds(was))


def with_last(was: CaseResult, new: CaseResult) -> CaseResult:
    """A recorded result that is not replaced, and beside it what the last session found."""
    lasts = [each for each in (new.last, Last(new.found, new.n, new.problem, new.session), was.last) if each]
    return replace(was, last=max(lasts, key=lambda each: each.session))


def joined(*records: Record) -> Record:
    """What several records have together, a later one's entry in place of an earlier's of the same name.

    A result under an earlier registration than another on the same case gives up its figures.
    """
    sessions = {each["time"]: each for record in records for each in record.sessions}
    reports = {each.name: each for record in records for each in record.reports}
    claims: dict[tuple[str, str], FrozenClaim] = {}
    for each in (one for record in records for one in record.claims):
        if _registration(each) >= _registration(claims.get(each.name)):  # a lock is never taken back
            claims[each.name] = each
    results = {each.key: each for record in records for each in record.verdicts}
    newest: dict[tuple[object, ...], int] = {}
    for *case, number in results:
        newest[tuple(case)] = max(number or 0, newest.get(tuple(case), 0))
    for key, result in results.items():
        if key[-1] is not None and key[-1] < newest[key[:-1]]:
            results[key] = replace(result, figures=())
    used = {time for each in results.values() for time in (each.session, each.last.session if each.last else "")}
    drawn = {figure: digest for record in records for figure, digest in record.figures.items()}
    place = order(reports.values())

    def rank(key: Key) -> tuple[object, ...]:
        """By claim and case; full before fast, the latest registration first."""
        report, claim, case, tier, dataset, registration = key
        return (place(report, claim), case, tier != "full", -(registration or 0), dataset)

    found = Record(
        tuple(sessions[time] for time in sorted(used & sessions.keys())),
        tuple(reports[name] for name in sorted({key[0] for key in claims.keys() | results.keys()} & reports.keys())),
        tuple(claims[name] for name in sorted(claims, key=lambda name: place(*name))),
        tuple(results[key] for key in sorted(results, key=rank)),
    )
    return replace(found, figures={name: drawn[name] for name in sorted(drawn.keys() & _figures(found))})


def digests(folder: Path, figures: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of each figure that is there, by its path in the folder."""
    files = {figure: path for figure in sorted(figures) if (path := inside(folder, figure)) and path.is_file()}
    return {figure: hashlib.sha256(path.read_bytes()).hexdigest() for figure, path in files.items()}


def combine(into: Path, others: Iterable[Path]) -> Path:
    """Put the verdicts of other artifacts' folders, and the figures they name, into one; returns verdicts.json.

    Of two results of the same key the one of the later session stays, unless it does not replace the earlier one (see
    `replaces`). A folder without verdicts adds nothing.
    Raises ValueError where one of the others is damaged, before anything is written, OSError where `into` cannot be
    written.
    """
    found = [(other, load(other)) for other in others if (other / NAME).exists()]
    into.mkdir(parents=True, exist_ok=True)
    record = recover(into)
    for other, more in found:
        results = {each.key: each for each in record.verdicts}
        for each in more.verdicts:
            results[each.key] = _of_both(results.get(each.key, each), each)
        taken = {figure for each in more.verdicts if results[each.key] is each for figure in each.figures}
        copied = {figure for figure in taken if _copied(figure, other, into)}
        figures = {name: digest for name, digest in record.figures.items() if name not in copied}
        figures |= {name: digest for name, digest in more.figures.items() if name in copied}
        # A claim is declared as the record with the later session has it; each result goes by its own session.
        by_session = sorted((record, more), key=_last_session)
        latest = Record(verdicts=tuple(results.values()), figures=figures)
        record = joined(*(replace(each, figures={}) for each in by_session), latest)
    save(into / NAME, record)
    return into / NAME


def _last_session(record: Record) -> str:
    return max((each.session for each in record.verdicts), default="")


def _of_both(one: CaseResult, other: CaseResult) -> CaseResult:
    was, new = sorted((other, one), key=lambda each: (each.session, each.last.session if each.last else ""))
    return new if was.session == new.session or replaces(new, was) else with_last(was, new)


def _copied(figure: str, other: Path, into: Path) -> bool:
    """Copy a figure, if it is there, and neither path leads out of its folder."""
    source, target = inside(other, figure), inside(into, figure)
    if source is None or target is None or not source.is_file():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return True


def _merged(claims: Iterable[FrozenClaim], before: Iterable[FrozenClaim]) -> dict[tuple[str, str], FrozenClaim]:
    """One entry a claim, with the cases of all its entries and of those before under the same lock."""
    found: dict[tuple[str, str], FrozenClaim] = {}
    recorded = {each.name: each for each in before}
    for each in claims:
        first = found.get(each.name) or recorded.get(each.name, each)
        cases = first.cases if first.registered == each.registered else ()  # under another it may have had others
        found[each.name] = replace(each, cases=tuple(dict.fromkeys((*cases, *each.cases))))
    return found


def _is_declared(result: CaseResult, claim: FrozenClaim | None) -> bool:
    """Whether a claim has this case, or had it under an earlier registration."""
    if claim is None or result.case in claim.cases:
        return claim is not None
    return result.registration is not None and result.registration < _registration(claim)


def _registration(claim: FrozenClaim | None) -> int:
    return claim.registered.registration if claim and claim.registered else 0


def _seeds(result: CaseResult) -> int:
    """The most seeds that a condition was judged on, those that it leaves out included; 0 for plain counts."""
    intervals = (each.interval for each in result.evidence if not is_count(each.interval))
    return max((each.n + each.left_out for each in intervals), default=0)


def _figures(record: Record) -> set[str]:
    return {figure for each in record.verdicts for figure in each.figures}


def _delete(folder: Path, figure: str) -> None:
    """Delete a figure that nothing names any more: a picture of ours inside the folder, never through a link."""
    path, parts = inside(folder, figure), PurePosixPath(figure)
    if path is not None and parts.parts[0] == "figures" and parts.suffix == ".png" and path.is_file():
        with suppress(OSError):  # the record is written: what cannot be deleted stays
            path.unlink()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="ontrial combine", description=__doc__.splitlines()[0])
    parser.add_argument("into", type=Path)
    parser.add_argument("others", nargs="+", type=Path, metavar="from")
    options = parser.parse_args(arguments)
    try:
        print(f"written to {combine(options.into, options.others)}")
    except ValueError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()

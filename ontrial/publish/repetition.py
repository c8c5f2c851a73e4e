"""Repetition: whether a second run of some claims gave the same results as the first, to the last recorded digit.

`ontrial repeat FIRST SECOND` compares two folders of artifacts, and fails where they differ.
Where the second was rounded differently, on another machine, `--rounded-otherwise` compares verdicts after the same
look, names those that are inconclusive in one of both alone, and fails only where one contradicts the other. It prints
a Markdown table of how far estimates moved.
"""

import argparse
import math
import statistics
from pathlib import Path

from ontrial.publish.frozen import CaseResult, Look, is_count
from ontrial.publish.record import Record, encode, load
from ontrial.report import task_of
from ontrial.stats.verdicts import Verdict, combined, number


def differences(first: Record, second: Record, *, verdicts_alone: bool = False) -> tuple[list[str], list[str]]:
    """What differs, and which verdicts moved from or to inconclusive, where verdicts alone are compared: a line each.

    Compared are verdicts, intervals and the value of every seed; not the seconds that they took.
    """
    known = {each.key: each for each in first.verdicts}
    wrong: list[str] = []
    moved: list[str] = []
    for each in second.verdicts:
        name, before = " ".join(str(part) for part in each.key if part not in ("", None)), known.get(each.key)
        if before is None:
            wrong += [] if verdicts_alone else [f"{name}: only in the second"]
            continue
        was = _after(before, each) if verdicts_alone else before.found
        if was is not each.found:
            is_move = verdicts_alone and Verdict.INCONCLUSIVE in (was, each.found)
            (moved if is_move else wrong).append(f"{name}: {was}, then {each.found}")
        if not verdicts_alone and encode(before.evidence) != encode(each.evidence):
            wrong.append(f"{name}: other numbers")
    return wrong, moved


def movements(first: Record, second: Record) -> str:
    """A Markdown table, a row a task: how far estimates moved after the same look, in widths of the first's intervals.

    Left out are counts, verdicts without a look at as many seeds or on other conditions, and intervals that are
    unbounded. "" where that leaves nothing.
    """
    known = {each.key: each for each in first.verdicts}
    tasks = {report.name: report.tasks for report in second.reports}
    rows: dict[str, list[tuple[float, str]]] = {}
    judged: dict[str, int] = {}
    for each in second.verdicts:
        look = _same_look(known[each.key], each) if each.key in known else None
        if look is None or not len(look.conditions) == len(each.looks[-1].conditions) == len(each.evidence):
            continue
        task = task_of(tasks[each.report], each.id).subject
        judged[task] = judged.get(task, 0) + 1
        seen = zip(look.conditions, each.looks[-1].conditions, each.evidence, strict=True)
        for before, after, evidence in seen:
            width = before.high - before.low
            if not is_count(evidence.interval) and math.isfinite(width):
                moved = abs(after.estimate - before.estimate)
                widths = moved / width if width else math.inf if moved else 0.0
                rows.setdefault(task, []).append((widths, each.id))
    lines = ["| task | verdicts | conditions | median movement, widths | largest | of |", "|---|--:|--:|--:|--:|---|"]
    for task, found in rows.items():
        middle, (largest, claim) = statistics.median(moved for moved, _ in found), max(found)
        lines.append(f"| {task} | {judged[task]} | {len(found)} | {number(middle)} | {number(largest)} | {claim} |")
    return "\n".join(lines) if rows else ""


def _same_look(result: CaseResult, other: CaseResult) -> Look | None:
    """A result's look at as many seeds as another's last."""
    seeds = other.looks[-1].seeds if other.looks else None
    return next((look for look in result.looks if look.seeds == seeds), None)


def _after(result: CaseResult, other: CaseResult) -> Verdict:
    """The verdict that a result had after as many seeds as another: its last, where no look was at so many."""
    look = _same_look(result, other)
    return combined(seen.verdict for seen in look.conditions) if look else result.found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="ontrial repeat", description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument(
        "--rounded-otherwise",
        action="store_true",
        help="from another machine: compare verdicts, and how far estimates moved",
    )
    options = parser.parse_args(arguments)
    try:
        first, second = load(options.first), load(options.second)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    both = {each.key for each in first.verdicts} & {each.key for each in second.verdicts}
    wrong, moved = differences(first, second, verdicts_alone=options.rounded_otherwise)
    if not both:
        wrong = ["the folders have no verdict in common: nothing was repeated"]
    if wrong:
        raise SystemExit("\n".join(wrong))
    if options.rounded_otherwise:
        print(f"no contradiction in {len(both)} verdicts, {len(moved)} moved from or to inconclusive", *moved, sep="\n")
        if table := movements(first, second):
            print(f"\n{table}")
    else:
        print(f"identical: {len(second.verdicts)} verdicts, with the value of every seed")


if __name__ == "__main__":
    main()

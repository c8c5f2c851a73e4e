"""The cost of the full tier: core-hours by task, from the seconds that every training recorded, and on what machine."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ontrial.publish.entries import Judged
from ontrial.publish.origins import COSTS
from ontrial.publish.summary import Claim, Summary
from ontrial.publish.verdict_table import cell
from ontrial.report import Task

_NOT_OF_THE_TRAINING = ("name", *COSTS)

Place = tuple[str, Task]  # a report's name and a task of it


def core_seconds(claims: Iterable[Claim]) -> dict[Place, float]:
    """Seconds on one core that each task took in the full tier; one whose seconds were not recorded is absent.

    What several claims share counts once. Where claims took a training at different looks, the longest counts, since
    more seeds are the fewer and some more.
    """
    found = {place: [each for one in judged for each in one.settings] for place, judged in _in_full(claims).items()}
    return {
        place: sum(_by_training(settings).values())
        for place, settings in found.items()
        if settings and all("seconds" in each for each in settings)
    }


def in_words(summary: Summary) -> str:
    """The cost as a Markdown table, a row a task."""
    seconds, judged = core_seconds(summary.claims), _in_full(summary.claims)
    reports = {report.name: report for report in summary.reports}
    lines = ["| task | core-hours | seeds | machine |", "|---|--:|--:|---|"]
    for place, spent in seconds.items():
        name, task = place
        report = f"{reports[name].known_as}, " if summary.has_several else ""
        seeds = max((each.n for each in judged[place] if each.n), default=0)
        machines = "; ".join(_machines(summary, judged[place]))
        what = ", ".join(filter(None, (task.part, task.number)))
        lines.append(f"| {cell(f'{report}{what}: {task.subject}')} | {hours(spent)} | {seeds} | {cell(machines)} |")
    lines.append(f"| together | {hours(sum(seconds.values()))} | | |")
    missing = [task.subject for place in _tasks(summary) if place not in seconds for task in [place[1]]]
    not_there = f" Not yet run in full, or not timed: {'; '.join(missing)}." if missing else ""
    return (
        "\n".join(lines)
        + f"\n\nOne thread a process; a machine's rate is that of one thread's matrix products.{not_there}"
    )


def hours(seconds: float) -> str:
    """Hours with two digits: `0.025`, `8.2`, `11`."""
    return f"{seconds / 3600:.2g}" if seconds < 36_000 else f"{seconds / 3600:.0f}"


def _tasks(summary: Summary) -> list[Place]:
    return [(report.name, task) for report in summary.reports for task in report.tasks]


def _machines(summary: Summary, judged: Iterable[Judged]) -> list[str]:
    """The machines that these were judged on; their trainings are read from those machines' stores."""
    times = sorted({each.session for each in judged if each.settings})
    return list(dict.fromkeys(_machine(summary.sessions.get(time, {})) for time in times))


def _machine(session: Mapping[str, Any]) -> str:
    if not session.get("cpu"):
        return "not recorded"
    rate = session.get("matrix_product_rate")
    return f"{session['cpu']}, {rate:.0f} GFLOP/s" if rate else str(session["cpu"])


def _in_full(claims: Iterable[Claim]) -> dict[Place, list[Judged]]:
    """What was judged for each task in the full tier: under the registration in force, else under that before it."""
    found: dict[Place, list[Judged]] = {}
    for claim in claims:
        judged = [each for each in claim.judged if each.tier == "full"] or list(claim.earlier)
        if judged:
            found.setdefault((claim.report.name, claim.task), []).extend(judged)
    return found


def _by_training(settings: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for setting in settings:
        training = {key: value for key, value in setting.items() if key not in _NOT_OF_THE_TRAINING}
        text = json.dumps(training, sort_keys=True)
        found[text] = max(found.get(text, 0.0), float(setting["seconds"]))
        asked = float(setting.get("asking_seconds", 0.0))
        found[f"{text} asked for {asked}"] = asked
    return found

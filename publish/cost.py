"""The cost of the full tier: core-hours by task, from the seconds that every training recorded, and on what machine."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.summary import Summary as Benchmarks
from publish.summary import Claim, Summary
from publish.tasks import TASKS, Task

_NOT_OF_THE_TRAINING = ("name", "trained", "seconds", "asking_seconds")


def core_seconds(claims: Iterable[Claim]) -> dict[Task, float]:
    """Seconds on one core that each task took in the full tier; one whose seconds were not recorded is absent.

    What several claims share counts once: the trainings, and the questions to them.
    """
    settings = _in_full(claims)
    recorded = {task: found for task, found in settings.items() if found and all("seconds" in each for each in found)}
    return {task: sum(_by_training(recorded[task]).values()) for task in TASKS if task in recorded}


def in_words(summary: Summary, benchmarks: Benchmarks) -> str:
    """The cost as a Markdown table, and how long the common homework loop would take for the same.

    benchmarks: how the stack compares with that loop on the small net at batch 50.
    """
    claims, times = summary.claims, _rate("stacked", benchmarks) / _rate("dataloader", benchmarks)
    seconds = core_seconds(claims)
    on_mnist = {task for task, found in _in_full(claims).items() if any(each["data"] == "mnist" for each in found)}
    as_homework = sum(spent for task, spent in seconds.items() if task in on_mnist) * times
    lines = ["| task | core-hours | machine |", "|---|--:|---|"]
    for each in seconds:
        machine = _machines(summary, each)
        lines.append(f"| {each.part}, {each.number}: {each.subject} | {_hours(seconds[each])} | {machine} |")
    lines.append(f"| together | {_hours(sum(seconds.values()))} | |")
    missing = [task.subject for task in TASKS if task not in seconds]
    not_there = f" Not yet run in full, or not timed: {'; '.join(missing)}." if missing else ""
    return (
        "\n".join(lines) + f"\n\nOne thread a process; a machine's rate is that of one thread's matrix products."
        f"{not_there} One network at a time from a DataLoader, the tasks on MNIST would take about {times:.0f} times "
        f"as long (as 784-30-10 does at batch 50): {as_homework / 86400:.2g} core-days."
    )


def _machines(summary: Summary, task: Task) -> str:
    """The machines that a task was judged on in the full tier; its trainings are read from those machines' stores."""
    times = {
        judged.session
        for claim in summary.claims
        for judged in claim.judged
        if claim.task == task and judged.tier == "full" and judged.settings
    }
    return "; ".join(dict.fromkeys(_machine(summary.sessions[time]) for time in sorted(times)))


def _machine(session: Mapping[str, Any]) -> str:
    if "cpu" not in session:  # sessions from before machines were recorded
        return "not recorded"
    return f"{session['cpu']}, {session['matrix_product_rate']:.0f} GFLOP/s"


def _in_full(claims: Iterable[Claim]) -> dict[Task, list[Mapping[str, Any]]]:
    """What was trained for each task in the full tier, as often as a claim used it."""
    settings: dict[Task, list[Mapping[str, Any]]] = {}
    for claim in claims:
        for judged in claim.judged:
            if judged.tier == "full":
                settings.setdefault(claim.task, []).extend(judged.settings)
    return settings


def _by_training(settings: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for setting in settings:
        training = {key: value for key, value in setting.items() if key not in _NOT_OF_THE_TRAINING}
        text = json.dumps(training, sort_keys=True)
        found[text] = max(found.get(text, 0.0), float(setting["seconds"]))  # more seeds are the fewer and some more
        found[f"{text} asked for {setting['asking_seconds']}"] = float(setting["asking_seconds"])
    return found


def _rate(way: str, benchmarks: Benchmarks) -> float:
    """Images a second on the small net at batch 50, as a multiple of the plain loop's."""
    rows = [row for row in benchmarks["rows"] if (row["way"], row["batch"]) == (way, 50)]
    return max(row["times_plain"] for row in rows if row["net"] == min((each["net"] for each in rows), key=len))


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2g}" if seconds < 36_000 else f"{seconds / 3600:.0f}"

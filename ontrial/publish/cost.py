"""The cost of the full tier: hours by task, from the seconds that every training recorded, and on what machine."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ontrial.publish.entries import Judged
from ontrial.publish.origins import COSTS
from ontrial.publish.summary import Claim, Summary
from ontrial.publish.templates import cell
from ontrial.report import Task

MEASURED = "benchmarks.json"  # beside the record: what other ways of training take, where that was measured
_NOT_OF_THE_TRAINING = ("name", "asked", *COSTS)

Place = tuple[str, Task]  # a report's name and a task of it


def core_seconds(claims: Iterable[Claim]) -> dict[Place, float]:
    """Seconds that each task took in the full tier; one whose seconds were not recorded is absent.

    Seconds of one core; on a GPU, of one of the threads that share it. What several claims share counts once. Where
    claims took a training at different looks, the longest counts, since more seeds are the fewer and some more.
    """
    timed = {place: found for place, found in _settings(claims).items() if all("seconds" in each for each in found)}
    return {place: _trained(found) + _asked(found) for place, found in timed.items()}


def images_trained(claims: Iterable[Claim]) -> dict[Place, int]:
    """Images that the networks of each task saw in training, each as often as it was seen; 0 where data are no images.

    Counted like seconds: what is shared once.
    """
    return {place: sum(map(_images, _longest(found))) for place, found in _settings(claims).items()}


def loop_rate(folder: Path) -> float | None:
    """Images a second of the common loop, a network at a time from a DataLoader, as a folder's benchmarks have it.

    None where they were not measured.
    """
    path = folder / MEASURED
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    return next((float(row["images_per_second"]) for row in rows if row["way"] == "dataloader"), None)


def in_words(summary: Summary, rate: float | None = None) -> str:
    """The cost as a Markdown table, a row a task. rate: images a second of the common loop, where it is known."""
    seconds, judged, images = core_seconds(summary.claims), _in_full(summary.claims), images_trained(summary.claims)
    reports = {report.name: report for report in summary.reports}
    loop = {place: images[place] / rate if rate else 0.0 for place in seconds}
    lines = ["| task | hours | seeds | machine | the common loop, hours |", "|---|--:|--:|---|--:|"]
    for place, spent in seconds.items():
        name, task = place
        report = f"{reports[name].known_as}, " if summary.has_several else ""
        seeds = max((each.n for each in judged[place] if each.n), default=0)
        machines = "; ".join(_machines(summary, judged[place]))
        what = cell(f"{report}{', '.join(filter(None, (task.part, task.number)))}: {task.subject}")
        lines.append(f"| {what} | {hours(spent)} | {seeds} | {cell(machines)} | {_or_none(loop[place])} |")
    together = sum(loop[place] for place in seconds)
    lines.append(f"| together | {hours(sum(seconds.values()))} | | | {_or_none(together)} |")
    missing = [task.subject for place in _tasks(summary) if place not in seconds for task in [place[1]]]
    not_there = f" Not yet run in full, or not timed: {'; '.join(missing)}." if missing else ""
    at = (
        f" The common loop: the same images at {rate:,.0f} a second, which is the rate of a network at a time from a "
        "DataLoader, measured on the smallest net at batch 50."
        if rate
        else ""
    )
    return (
        "\n".join(lines)
        + "\n\nHours of one core, or on a GPU of one of the threads that share it. A processor's rate is that of one "
        f"thread's matrix products.{at}{not_there}"
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
    if session.get("device", "cpu") != "cpu":
        return f"{session['device']}, {session['cpu']}"
    rate = session.get("matrix_product_rate")
    return f"{session['cpu']}, {rate:.0f} GFLOP/s" if rate else str(session["cpu"])


def _settings(claims: Iterable[Claim]) -> dict[Place, list[Mapping[str, Any]]]:
    """What was trained for each task in full; a task that trained nothing is absent."""
    found = {place: [each for one in judged for each in one.settings] for place, judged in _in_full(claims).items()}
    return {place: settings for place, settings in found.items() if settings}


def _in_full(claims: Iterable[Claim]) -> dict[Place, list[Judged]]:
    """What was judged for each task in the full tier: under the registration in force, else under that before it."""
    found: dict[Place, list[Judged]] = {}
    for claim in claims:
        judged = [each for each in claim.judged if each.tier == "full"] or list(claim.earlier)
        if judged:
            found.setdefault((claim.report.name, claim.task), []).extend(judged)
    return found


def _training(setting: Mapping[str, Any]) -> str:
    """What was trained, by which a training is told from another."""
    return json.dumps({key: value for key, value in setting.items() if key not in _NOT_OF_THE_TRAINING}, sort_keys=True)


def _longest(settings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each training once, at the look that took most seeds."""
    found: dict[str, Mapping[str, Any]] = {}
    for setting in sorted(settings, key=lambda each: (each.get("trained", 0), each.get("seconds", 0.0))):
        found[_training(setting)] = setting
    return list(found.values())


def _trained(settings: Iterable[Mapping[str, Any]]) -> float:
    return sum(float(each["seconds"]) for each in _longest(settings))


def _asked(settings: Iterable[Mapping[str, Any]]) -> float:
    """Seconds that questions to the networks took, each question once."""
    found: dict[tuple[str, str], float] = {}
    for setting in settings:
        name = (_training(setting), str(setting.get("asked", "")))
        found[name] = max(found.get(name, 0.0), float(setting.get("asking_seconds", 0.0)))
    return sum(found.values())


def _images(setting: Mapping[str, Any]) -> int:
    return int(setting["steps"] * setting["batch_size"] * setting["trained"]) if "batch_size" in setting else 0


def _or_none(seconds: float) -> str:
    return hours(seconds) if seconds else "–"

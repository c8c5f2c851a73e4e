"""The cost of the full tier: hours by task, from the seconds that every training recorded, and on what machine."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ontrial.publish.frozen import CaseResult, FrozenClaim
from ontrial.publish.summary import Summary
from ontrial.publish.templates import render

_NOT_OF_THE_TRAINING = ("name", "asked", "seconds", "asking_seconds", "seeds", "trained")


def cost(summary: Summary, folder: Path) -> str:
    """A Markdown table, a row a task: what it took under the registration in force, else under the one before it.

    What several claims share counts once. folder: of artifacts, whose benchmarks.json has the rate of the common loop,
    where that was measured.
    """
    path = folder / "benchmarks.json"
    measured = json.loads(path.read_text(encoding="utf-8"))["benchmarks"] if path.is_file() else []
    rows = [each["extra_info"] for each in measured]
    rate = next((float(row["images_per_second"]) for row in rows if row["way"] == "dataloader"), None)
    tasks = []
    for report in summary.reports:
        claims = summary.of(report)
        for task in dict.fromkeys((*report.tasks, *(claim.task for claim in claims))):
            judged = [each for claim in claims if claim.task == task for each in _in_full(claim)]
            seconds, images = _trained([each for one in judged for each in one.settings])
            sessions = sorted({each.session for each in judged if each.settings})
            number = ", ".join(filter(None, (report.known_as if summary.has_several else "", task.part, task.number)))
            tasks.append(
                {
                    "name": f"{number}: {task.subject}",
                    "subject": task.subject,
                    "seconds": seconds,
                    "seeds": max((each.n for each in judged if each.n), default=0),
                    "machines": dict.fromkeys(_machine(summary.sessions.get(time, {})) for time in sessions),
                    "loop": images / rate if rate and seconds else 0.0,
                }
            )
    return render("cost.md", tasks=tasks, rate=rate).strip()


def _in_full(claim: FrozenClaim) -> Sequence[CaseResult]:
    return [each for each in claim.results if each.tier == "full"] or claim.earlier


def _trained(settings: Iterable[Mapping[str, Any]]) -> tuple[float, int]:
    """Seconds, 0 where some were not recorded, and images seen by the networks.

    A training that was given different numbers of seeds counts at the most, which include the fewer; each probe of its
    networks counts once.
    """
    trained: dict[str, Mapping[str, Any]] = {}
    probed: dict[tuple[str, object], float] = {}
    for each in sorted(settings, key=lambda each: (each.get("trained", 0), each.get("seconds", 0.0))):
        name = json.dumps(
            {key: value for key, value in each.items() if key not in _NOT_OF_THE_TRAINING}, sort_keys=True
        )
        trained[name], probe = each, (name, each.get("asked"))
        probed[probe] = max(probed.get(probe, 0.0), each.get("asking_seconds", 0.0))
    is_timed = all("seconds" in each for each in settings)
    seconds = sum(each["seconds"] for each in trained.values()) + sum(probed.values()) if is_timed else 0.0
    with_images = [each for each in trained.values() if "batch_size" in each]
    return seconds, sum(each["steps"] * each["batch_size"] * each["trained"] for each in with_images)


def _machine(session: Mapping[str, Any]) -> str:
    if not session.get("cpu"):
        return "not recorded"
    if session.get("device", "cpu") != "cpu":
        return f"{session['device']}, {session['cpu']}"
    rate = session.get("matrix_product_rate")
    return f"{session['cpu']}, {rate:.0f} GFLOP/s" if rate else str(session["cpu"])

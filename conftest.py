"""The wiring between pytest and the rooms: options, fixtures, and the hooks that carry a verdict out."""

import os
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from evidence.declarations import Declaration, declaration
from evidence.intervals import TooFewSeeds, require_seeds
from evidence.trial import Expectation, Trial
from evidence.verdicts import Inconclusive, Refuted, Verdict
from models.options import Options, checked, writable
from models.plan import Plan
from models.queue import StoreFull
from models.runs import Runs
from models.scale import Scale
from publish import catalogue, drawings, outcome, page, progress, table
from publish.outcome import Record

pytest_plugins = ("pytester",)


class ClaimNotJudged(Exception):
    """A claim's test ended without calling claim.holds_if."""


@dataclass
class State:
    """What a session keeps between hooks."""

    options: Options
    plan: Plan
    claims: dict[pytest.Item, Declaration] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    figures: dict[pytest.Item, tuple[str, ...]] = field(default_factory=dict)

    def scale(self, item: pytest.Item) -> Scale:
        """The scale of a claim's tier, for its first or its second look."""
        scale = self.options.scales[self.claims[item].tier]
        return scale.looking_again() if self.claims[item].looks_again else scale

    def dataset(self, item: pytest.Item) -> str:
        """What a claim is judged on."""
        return self.scale(item).dataset_of(self.claims[item].experiments.values())

    def expectation(self, item: pytest.Item) -> Expectation | None:
        """The verdict that was declared for a claim here, or None: it should hold."""
        return self.claims[item].expectation(self.dataset(item))


JUDGED = (Refuted, Inconclusive)
STATE = pytest.StashKey[State]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("claims", "claims on trial")
    group.addoption("--workers", type=int, help="processes that train, one thread each (default: the cores)")
    group.addoption("--seeds", type=int, help="seeds of every experiment, in place of the tier's own")
    group.addoption("--dataset", help="what stands for MNIST: digits or mnist (default: the tier's)")
    group.addoption(
        "--data-root",
        default=os.environ.get("DATA_ROOT"),
        help="folder that holds MNIST, or where it is downloaded (default: DATA_ROOT)",
    )
    group.addoption("--device", default="auto", help="auto, cpu or cuda")
    group.addoption("--engine", metavar="ADDRESS", help="train on a Dask cluster: address of its scheduler")
    group.addoption("--claim", action="append", default=[], metavar="ID", help="only these, as F8,M5 (repeatable)")
    group.addoption("--fresh", action="store_true", help="train again what is in the run store")
    group.addoption("--store", default="runs", metavar="FOLDER", help="the run store (default: runs)")
    group.addoption("--artifacts", default="artifacts", metavar="FOLDER", help="verdicts and figures go here")


def pytest_configure(config: pytest.Config) -> None:
    torch.set_num_threads(1)  # two threads are many times slower at these sizes
    known = {line.split(":")[0].split("(")[0] for line in config.getini("markers")}
    for word in re.findall(r"\w+", config.option.markexpr or ""):
        if word not in known | {"and", "or", "not"}:
            raise pytest.UsageError(f"-m {word}: unknown; the tiers are fast and full")
    try:
        options = checked(
            workers=config.option.workers,
            seeds=config.option.seeds,
            dataset=config.option.dataset,
            data_root=config.option.data_root,
            device=config.option.device,
            fresh=config.option.fresh,
            store=str(config.rootpath / config.option.store),
            artifacts=str(config.rootpath / config.option.artifacts),
            engine=config.option.engine,
        )
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[STATE] = State(options, Plan(options.setting, options.workers, options.engine))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    state = config.stash[STATE]
    state.claims = {item: found for item in items if (found := declaration(item)) is not None}
    asked = {claim for given in config.option.claim for claim in given.split(",")}
    known = dict.fromkeys(found.sentence.id for found in state.claims.values())
    if asked - known.keys():
        unknown = ", ".join(sorted(asked - known.keys()))
        raise pytest.UsageError(f"--claim {unknown}: unknown here; there are {', '.join(known)}")
    if asked:
        chosen = [item for item in items if item in state.claims and state.claims[item].sentence.id in asked]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
    for item in state.claims:
        if expected := state.expectation(item):
            item.add_marker(pytest.mark.xfail(raises=expected.failure, strict=True, reason=expected.reason))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Put every experiment that the selected tests need on the plan, and refuse early what must fail late."""
    state = session.config.stash[STATE]
    claims = [item for item in session.items if item in state.claims]
    if not claims or session.config.option.collectonly:
        return
    try:
        for scale in {state.scale(item) for item in claims}:
            require_seeds(min(scale.seeds, scale.function_seeds), scale.confidence)
        writable(state.options.artifacts)
        writable(state.options.setting.store.folder)
    except (ValueError, TooFewSeeds) as error:
        raise pytest.UsageError(str(error)) from error
    for item in claims:
        for experiment in state.claims[item].experiments.values():
            state.plan.add(state.scale(item).applied(experiment), state.scale(item).seeds_for(experiment))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Train and ask all that is missing before the first test reads a result."""
    state = session.config.stash[STATE]
    terminal = session.config.pluginmanager.getplugin("terminalreporter")
    if terminal is None:
        return
    try:
        progress.complete(state.plan, terminal)
    except StoreFull as error:
        raise pytest.UsageError(str(error)) from error
    for path in state.options.setting.store.damaged():
        terminal.write_line(f"set aside, since it did not read back whole: {path}")


@pytest.fixture(
    scope="session",
    params=[pytest.param("fast", marks=pytest.mark.fast), pytest.param("full", marks=pytest.mark.full)],
)
def scale(request: pytest.FixtureRequest) -> Scale:
    """The tier: how many seeds, which confidence, how many epochs, which dataset."""
    return request.config.stash[STATE].options.scales[request.param]


@pytest.fixture
def runs(request: pytest.FixtureRequest, scale: Scale) -> Runs:
    """The trained runs of the claim's experiments: those its marker `trains`, or its module's EXPERIMENTS."""
    state = request.config.stash[STATE]
    return state.plan.runs(state.claims[request.node].experiments, state.scale(request.node))


@pytest.fixture
def claim(request: pytest.FixtureRequest, scale: Scale) -> Trial:
    """The claim on trial: makes intervals at the tier's confidence, takes a figure, and judges."""
    declared = request.config.stash[STATE].claims.get(request.node)
    if declared is None:
        raise pytest.UsageError(f"{request.node.nodeid} uses the fixture `claim` without @pytest.mark.claim(...)")
    return Trial(declared.sentence, declared.case, scale.confidence)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """After a claim's test: save its figure, abstain where the tier may, and insist on a verdict."""
    trial, state = pyfuncitem.funcargs.get("claim"), pyfuncitem.config.stash[STATE]
    if not isinstance(trial, Trial):
        return (yield)
    try:
        result = yield
    except Inconclusive as undecided:
        if state.scale(pyfuncitem).may_abstain and not state.expectation(pyfuncitem):
            pytest.skip(str(undecided))
        raise
    finally:
        if trial.figure is not None:
            tier, dataset = state.scale(pyfuncitem).tier, state.dataset(pyfuncitem)
            state.figures[pyfuncitem] = tuple(drawings.save(trial.figure, tier, dataset, state.options.artifacts))
    if not trial.evidence:
        raise ClaimNotJudged("the test ended without a verdict: its last statement must be claim.holds_if(...)")
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the record of a claim that was called."""
    report = yield
    trial, state = getattr(item, "funcargs", {}).get("claim"), item.config.stash[STATE]
    if call.when == "call" and isinstance(trial, Trial):
        problem = call.excinfo.value if call.excinfo else None
        crashed = problem is not None and not isinstance(problem, (*JUDGED, pytest.skip.Exception))
        report.not_judged = isinstance(problem, ClaimNotJudged)  # type: ignore[attr-defined]
        runs = item.funcargs.get("runs", {})  # type: ignore[attr-defined]
        state.records.append(
            Record(
                trial=trial,
                tier=state.scale(item).tier,
                dataset=state.dataset(item),
                found=Verdict.ERROR if crashed else trial.verdict,
                expected=state.expectation(item),
                figures=state.figures.get(item, ()),
                seconds=sum(run.seconds + run.asking_seconds for run in runs.values()),
                problem=str(problem) if crashed else "",
                settings=catalogue.settings(runs),
            )
        )
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    return ("error", "E", "ERROR") if getattr(report, "not_judged", False) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The verdict table, the record of verdicts, and the page."""
    state = config.stash[STATE]
    if not state.records:
        return
    folder = state.options.artifacts
    chosen = any("::" in argument for argument in config.args)  # then not all cases of a claim are known
    declared = [] if chosen else catalogue.declared(state.claims.values())
    path = outcome.merge(folder, state.records, state.options.setting.device, declared)
    terminalreporter.section("verdicts")
    for line in table.lines(state.records):
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"written to {path}, and the page to {page.write(folder)}")

"""What is registered once a claim is collected: fixtures, and the hooks that take it to its verdict."""

from collections.abc import Generator, Iterator, Sequence

import pytest
import threadpoolctl

from ontrial import collection, output, preview
from ontrial import session as flow
from ontrial.claim import Claim
from ontrial.publish.figures import Gallery, pyplot_closed
from ontrial.running.jobs import Setting
from ontrial.running.machine import cores
from ontrial.running.plan import Plan
from ontrial.running.store import RunStore
from ontrial.running.workers import dask_executor
from ontrial.state import Session
from ontrial.trainings import TIERS, Runs, Scale

SESSION = pytest.StashKey[Session]()


def _begun(config: pytest.Config) -> Session:
    """The session of this command line. Raises ValueError for options that cannot be, before anything is trained."""
    option = config.option
    seeds, most, workers = option.ontrial_seeds, option.ontrial_most_seeds, option.ontrial_workers
    if option.ontrial_register and "full" in collection.words_of(config):
        raise ValueError("--ontrial-register locks what the fast tier evaluates: leave -m full out")
    if seeds is not None and most is not None:
        raise ValueError("--ontrial-seeds takes exactly N seeds, --ontrial-most-seeds at most N: give one of them")
    own = dict(config.hook.pytest_ontrial_options(config=config) or {})
    collection.require_values(config, own)
    setting = Setting(
        RunStore(config.rootpath / option.ontrial_store),
        option.ontrial_fresh,
        option.ontrial_lock_limit,
        repeat=not option.ontrial_no_repeat,
        only_plans=option.ontrial_plan,
    )
    engine, hook = option.ontrial_engine, config.hook.pytest_ontrial_executor
    full = config.rootpath / (option.ontrial_artifacts or "artifacts")
    return Session(
        config,
        {tier: Scale(tier, own, seeds, most) for tier in TIERS},
        Plan(setting, workers or cores(), dask_executor(engine) if engine else hook(config=config)),
        {"full": full, "fast": full if option.ontrial_artifacts else full / "fast"},
        Gallery(workers or cores()),
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Find the claims, refuse what is declared twice, and select."""
    try:
        state = config.stash[SESSION] = _begun(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    for item in items:
        with state.contain(item):
            if (found := collection.declaration(item)) is not None:
                state.claims[item] = found
    for item, problem in collection.namesakes(state.claims).items():
        state.problems[item] = problem
        del state.claims[item]
    state.problems |= dict(collection.duplicates(state.claims))
    if hasattr(config, "workerinput"):
        problem = (
            "a worker of pytest-xdist cannot judge a claim: leave -n out; --ontrial-workers N trains with N processes"
        )
        state.problems |= dict.fromkeys(state.claims, problem)
    collection.select(config, items, state.claims)
    state.is_selected = True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Put every claim that will be judged on trial; what prevents one of them is an error of that claim."""
    state, option = session.config.stash.get(SESSION, None), session.config.option
    if state is None or not state.is_selected:
        return  # pytest calls this also where the selection was refused
    flow.check_files(state)
    if not session.testsfailed:  # else some claims were not collected
        flow.find_complete(state)
    if not collection.only_sets_up(session.config):
        collection.require_alone(session.config, [item for item in session.items if item in state.claims])
        flow.put_on_trial(state, session.items)
    refused = [state.problems[item] for item in session.items if item in state.problems]
    if option.ontrial_plan:
        return
    is_all = option.collectonly or len(refused) == len(session.items)
    if refused and is_all and not hasattr(session.config, "workerinput"):
        raise pytest.UsageError(refused[0])  # nothing else is lost
    try:
        flow.require_folders(state)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    if option.maxfail:  # a claim that will fail does so before anything is trained
        session.items.sort(key=lambda item: not state.problem(item))


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """The claim of each test that `--collect-only` lists; not under -q, whose lines scripts take for tests."""
    if not config.option.collectonly or config.option.verbose < 0:
        return []
    claims = config.stash[SESSION].claims
    return ["", *(f"{claims[item]}  {item.nodeid}" for item in items if item in claims)]


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Train all that is missing, look by look, before the first test reads a result.

    With `-x` or `--maxfail` every claim is trained before its own test.
    """
    state, option = session.config.stash.get(SESSION, None), session.config.option
    if state is None:
        return (yield)
    if option.ontrial_plan and not hasattr(session.config, "workerinput"):
        for line in preview.lines(state, session.items):
            state.say(line)
        session.items.clear()  # a plan runs no test
    if not state.trials or option.ontrial_plan:
        return (yield)
    with threadpoolctl.threadpool_limits(1):  # of libraries: several wait for each other, and for what else is running
        is_interrupted = session.testsfailed and not option.continue_on_collection_errors
        if not is_interrupted and not option.maxfail:
            flow.train(state, list(state.trials.values()))
        return (yield)


@pytest.fixture(
    scope="session",
    params=[pytest.param("fast", marks=pytest.mark.fast), pytest.param("full", marks=pytest.mark.full)],
)
def tier(request: pytest.FixtureRequest) -> str:
    """The tier: fast or full."""
    return str(request.param)


@pytest.fixture
def runs(request: pytest.FixtureRequest, tier: str) -> Runs:  # noqa: ARG001
    """The runs of the claim's trainings, those its marker `trains` or its module's EXPERIMENTS, at the last look."""
    state = request.config.stash[SESSION]
    trial = state.trials.get(request.node)
    if trial is None:
        return Runs({})
    if trial.failure is not None:
        raise trial.failure
    return state.plan.runs(trial)


@pytest.fixture
def claim(request: pytest.FixtureRequest, tier: str) -> Iterator[Claim]:  # noqa: ARG001
    """The claim on trial: makes intervals, takes a figure, and judges."""
    state = request.config.stash[SESSION]
    if request.node not in state.claims:
        raise pytest.UsageError(f"{request.node.nodeid} uses the fixture `claim` without @pytest.mark.claim(...)")
    if request.node not in state.trials:  # --setup-only
        declared = state.claims[request.node]
        yield Claim(declared.id, state.alpha(declared))
    else:
        with pyplot_closed():
            yield state.trials[request.node].claim()


def pytest_runtest_setup(item: pytest.Item) -> None:
    state = item.config.stash[SESSION]
    if item in state.trials and item.config.option.maxfail:
        flow.train(state, [state.trials[item]])
    if problem := state.problem(item):
        pytest.fail(problem, pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Set the outcome from what was judged, whatever was raised or caught, and record it."""
    report = yield
    state = item.config.stash[SESSION]
    if item in state.claims or item in state.problems:
        flow.judge(state, item, call, report)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """A claim without a verdict is an error."""
    return ("error", "E", "ERROR") if getattr(report, "not_judged", False) else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Write what `pytest_terminal_summary` has not, where there is no terminal; what cannot be written is a failure."""
    result = yield
    state = session.config.stash.get(SESSION, None)
    if state is not None and not state.is_written:
        output.write(state)
    if state is not None and state.has_failed_to_write and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The verdict table, then what was written, accepted or registered."""
    if (state := config.stash.get(SESSION, None)) is None:
        return
    if state.results and config.option.verbose > -2:
        terminalreporter.section("verdicts")
        writer = terminalreporter._tw
        width = writer.fullwidth if writer._file.isatty() else None  # a file is as wide as its lines
        for line in output.verdict_table(state, width):
            terminalreporter.write_line(line)
    output.write(state)

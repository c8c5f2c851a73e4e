"""The wiring between pytest and the rooms: options, fixtures, and the hooks that carry a verdict out."""

from collections.abc import Generator

import pytest

from ontrial import chosen, hooks, judging, others, rootdir, working, writing
from ontrial.claim import Claim
from ontrial.declarations import clashes, declaration, require_names
from ontrial.files import LOCK_LIMIT, writable
from ontrial.running.cluster import dask_executor
from ontrial.running.machine import cores
from ontrial.running.plan import Plan
from ontrial.running.queue import Setting
from ontrial.running.store import RunStore
from ontrial.session import Session, scales
from ontrial.trainings import Runs

SESSION = pytest.StashKey[Session]()
XDIST = pytest.StashKey[str]()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a suite tell its trainings of its own options."""
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of every suite."""
    group = parser.getgroup("ontrial", "claims on trial")
    group.addoption("--workers", type=int, help="processes that train, one thread each (default: the cores)")
    group.addoption("--seeds", type=int, help="exactly so many seeds, judged once, in place of the tier's looks")
    group.addoption("--most-seeds", type=int, metavar="N", help="full: at most N seeds (functions: 10 N)")
    group.addoption("--engine", metavar="ADDRESS", help="train on a Dask cluster: address of its scheduler")
    group.addoption("--claim", action="append", default=[], metavar="ID", help="only these, as F8,M5 or homework/F8")
    group.addoption("--report", action="append", default=[], metavar="NAME", help="only the claims of these reports")
    group.addoption("--fresh", action="store_true", help="train again what is in the run store")
    group.addoption("--store", default="runs", metavar="FOLDER", help="the run store (default: runs)")
    group.addoption("--artifacts", metavar="FOLDER", help="verdicts and figures (default: artifacts, artifacts/fast)")
    group.addoption("--lock-limit", type=float, default=LOCK_LIMIT, metavar="SECONDS", help="wait so long for a lock")
    group.addoption("--no-repeat", action="store_true", help="train no seed of a @training twice to compare")
    parser.addini("ontrial_packages", "packages whose versions a session records", type="args")
    group.addoption("--accept", action="store_true", help="write the verdicts that are found into known.toml")
    group.addoption("--register", action="store_true", help="lock what decides in registered.toml (runs fast)")
    group.addoption("--yes", action="store_true", help="with --register: lock again what is locked and has changed")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """`--store FOLDER` names no tests, and moves no root."""
    rootdir.settle(early_config, args)


@pytest.hookimpl(tryfirst=True)  # before xdist, which then distributes nothing
def pytest_configure(config: pytest.Config) -> None:
    """Check what was asked for, before anything is trained."""
    chosen.add_markers(config)
    option = config.option
    try:
        chosen.require_fast_for_register(config)
        config.stash[XDIST] = others.workers_of_xdist(config)
        if option.workers is not None and option.workers < 1:
            raise ValueError(f"--workers {option.workers}: at least 1 process has to do the work")
        if not option.lock_limit >= 0:
            raise ValueError(f"--lock-limit {option.lock_limit:g}: give the seconds to wait, 0 or more")
        own = config.hook.pytest_ontrial_options(config=config) or {}
        chosen.require_named(config, own)
        store = RunStore(config.rootpath / option.store)
        setting = Setting(store, option.fresh, option.lock_limit, repeat=not option.no_repeat)
        cluster = None if option.engine is None else dask_executor(option.engine)
        plan = Plan(setting, option.workers or cores(), cluster)
        sizes = scales(own, option.seeds, option.most_seeds)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    full = config.rootpath / (option.artifacts or "artifacts")
    fast = full if option.artifacts else full / "fast"
    config.stash[SESSION] = Session(config.rootpath, sizes, plan, {"full": full, "fast": fast})


def pytest_report_header(config: pytest.Config) -> str:
    """Say what `-n` was taken for."""
    return config.stash.get(XDIST, "")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Know the claims, refuse what is declared twice, select what was asked for."""
    session = config.stash[SESSION]
    for item in items:
        with session.contain(item):
            if (found := declaration(item)) is not None:
                session.claims[item] = found
    require_names(session.claims.values())
    session.problems |= dict(clashes(session.claims))
    if hasattr(config, "workerinput"):
        problem = "a worker of pytest-xdist cannot judge a claim: leave -n out; --workers N trains with N processes"
        session.problems |= dict.fromkeys(session.claims, problem)
    chosen.select(config, session, items)
    session.is_selected = True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Put every claim that will be judged on trial; what keeps one of them from it is an error of that claim."""
    state, option = session.config.stash[SESSION], session.config.option
    if not state.is_selected:
        return  # pytest calls this also where what was asked for has just been refused
    writing.require_readable(state, session.config)
    if not session.testsfailed:  # else not all that there is was collected
        writing.find_whole(state, session.config)
    is_judging = not option.collectonly and not chosen.only_sets_up(option)
    if is_judging:
        others.require_alone(session.config, [item for item in session.items if item in state.claims])
    for item in session.items:
        with state.contain(item):
            if is_judging and chosen.is_judged(item, state):
                state.selected.append(item)
                state.add(item, state.claims[item])
    refused = [state.problems[item] for item in session.items if item in state.problems]
    is_all = option.collectonly or len(refused) == len(session.items)
    if refused and is_all and not hasattr(session.config, "workerinput"):
        raise pytest.UsageError(refused[0])  # nothing else is lost
    try:
        for tier in {state.claims[item].tier for item in state.trials}:
            writable(state.artifacts[tier])
        # A store that may only be read may have all that is needed.
        if state.trials and not state.plan.setting.store.folder.is_dir():
            writable(state.plan.setting.store.folder)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    if option.maxfail:  # what is known to fail is said before anything is trained
        session.items.sort(key=lambda item: not state.problem(item))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Train all that is missing, look by look, before the first test reads a result; judge with one thread.

    With `-x` or `--maxfail` every claim is trained before its own test, and nothing after collection has failed.
    """
    state, option = session.config.stash[SESSION], session.config.option
    is_interrupted = session.testsfailed and not option.continue_on_collection_errors
    with working.one_thread(state):
        if not is_interrupted and not option.maxfail:
            working.complete(state, session.config, list(state.trials.values()))
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
def claim(request: pytest.FixtureRequest, tier: str) -> Claim:  # noqa: ARG001
    """The claim on trial: makes intervals, takes a figure, and judges."""
    state = request.config.stash[SESSION]
    if request.node not in state.claims:
        raise pytest.UsageError(f"{request.node.nodeid} uses the fixture `claim` without @pytest.mark.claim(...)")
    if request.node not in state.trials:  # --setup-only
        declared = state.claims[request.node]
        return Claim(declared.sentence, declared.case, state.alpha(declared))
    return state.trials[request.node].claim()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A claim that cannot be judged is an error of its own."""
    state = item.config.stash[SESSION]
    if item in state.trials and item.config.option.maxfail:
        working.complete(state, item.config, [state.trials[item]])
    if problem := state.problem(item):
        pytest.fail(problem, pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Set the outcome from what was judged, whatever was raised or caught, and keep the record."""
    report = yield
    state = item.config.stash[SESSION]
    if item in state.claims or item in state.problems:
        judging.judge(item, call, report, state)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """A claim without a verdict is an error."""
    return ("error", "E", "ERROR") if getattr(report, "not_judged", False) else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Write what `pytest_terminal_summary` has not, where there is no terminal; what cannot be written is a failure."""
    result = yield
    state = session.config.stash.get(SESSION, None)
    if state is not None and not state.was_written:
        writing.write(state, session.config, lambda _: None, lambda _: None)
    if state is not None and state.is_not_written and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The verdict table, then record, page and badges, and what was accepted or registered."""
    state = config.stash[SESSION]
    is_quiet = config.option.verbose < -1

    def tell(line: str) -> None:
        if not is_quiet:
            terminalreporter.write_line(line)

    if state.records and not is_quiet:
        terminalreporter.section("verdicts")
    for line in writing.shown(state):
        tell(line)
    writing.write(state, config, terminalreporter.write_line, tell)

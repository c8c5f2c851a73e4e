"""The wiring between pytest and the rooms: options, fixtures, and the hooks that carry a verdict out."""

import multiprocessing
from collections.abc import Generator

import pytest

from ontrial import chosen, hooks, judging, rootdir, working, writing
from ontrial.claim import Claim
from ontrial.declarations import declaration, require_distinct
from ontrial.files import writable
from ontrial.publish.plain import plain
from ontrial.running.cluster import dask_executor
from ontrial.running.lanes import NoWorkers
from ontrial.running.locks import LIMIT
from ontrial.running.machine import cores
from ontrial.running.plan import Plan, StoreFull
from ontrial.running.queue import Setting
from ontrial.running.store import RunStore
from ontrial.session import Session, scales
from ontrial.trainings import Runs

SESSION = pytest.StashKey[Session]()


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
    group.addoption("--lock-limit", type=float, default=LIMIT, metavar="SECONDS", help="wait so long for a lock")
    group.addoption("--no-repeat", action="store_true", help="train no seed of a @training twice to compare")
    parser.addini("ontrial_packages", "packages whose versions a session records", type="args")
    group.addoption("--accept", action="store_true", help="write the verdicts that are found into known.toml")
    group.addoption("--register", action="store_true", help="lock what decides in registered.toml (runs fast)")
    group.addoption("--yes", action="store_true", help="with --register: lock again what is locked and has changed")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """`--store FOLDER` names no tests, and moves no root."""
    rootdir.settle(early_config, args)


def pytest_configure(config: pytest.Config) -> None:
    """Check what was asked for, before anything is trained."""
    if not __debug__:
        raise pytest.UsageError("python -O removes the assertions that tests are made of: run without -O")
    if multiprocessing.parent_process() is not None and not hasattr(config, "workerinput"):
        raise pytest.UsageError(
            'a worker runs the script that called pytest.main: put that call under `if __name__ == "__main__":`'
        )
    chosen.add_markers(config)
    option = config.option
    try:
        chosen.require_fast_for_register(config)
        if option.workers is not None and option.workers < 1:
            raise ValueError(f"--workers {option.workers}: at least 1 process has to do the work")
        if not option.lock_limit >= 0:
            raise ValueError(f"--lock-limit {option.lock_limit:g}: give the seconds to wait, 0 or more")
        if (option.accept or option.register) and getattr(option, "numprocesses", None):
            raise ValueError("--accept and --register need all verdicts in one process: leave -n out")
        own = config.hook.pytest_ontrial_options(config=config) or {}
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Know the claims, refuse what is declared twice, select what was asked for."""
    session = config.stash[SESSION]
    session.claims = {item: found for item in items if (found := declaration(item)) is not None}
    require_distinct(session.claims.values())
    chosen.select(config, session, items)
    session.is_selected = True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Put every claim that will be judged on trial, and refuse early what must fail late."""
    state, option = session.config.stash[SESSION], session.config.option
    if not state.is_selected:
        return  # pytest calls this also where what was asked for has just been refused
    items = [item for item in session.items if chosen.is_judged(item, state)]
    try:
        if not session.testsfailed:  # else not all that there is was collected
            writing.require_known(state, session.config)
        if not items or option.collectonly or chosen.only_sets_up(option):
            return
        state.selected = items
        for item in items:
            if option.register:
                state.locks(state.claims[item].folder)  # a damaged one is no base for the next
            state.add(item, state.claims[item])
        for tier in {state.claims[item].tier for item in items}:
            writable(state.artifacts[tier])
        if not state.plan.setting.store.folder.is_dir():  # one that may only be read may have all that is needed
            writable(state.plan.setting.store.folder)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Train all that is missing, look by look, before the first test reads a result; judge with one thread."""
    state = session.config.stash[SESSION]
    with working.one_thread(state):
        try:
            working.complete(state, session.config.pluginmanager.getplugin("terminalreporter"))
        except (StoreFull, NoWorkers) as error:
            raise pytest.UsageError(str(error)) from error
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
    declared = item.config.stash[SESSION].claims.get(item)
    if declared is not None and declared.problem:
        pytest.fail(f"{declared}: {declared.problem}", pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Set the outcome from what was judged, whatever was raised or caught, and keep the record."""
    report = yield
    state = item.config.stash[SESSION]
    if item in state.claims:
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
        writing.write(state, session.config, lambda _: None)
    if state is not None and state.is_not_written and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The verdict table, then record, page and badges, and what was accepted or registered."""
    state, encoding = config.stash[SESSION], writing.encoding_of(terminalreporter._tw._file)
    if state.records:
        terminalreporter.section("verdicts")
    for line in writing.shown(state):
        terminalreporter.write_line(plain(line, encoding))
    writing.write(state, config, lambda line: terminalreporter.write_line(plain(line, encoding)))

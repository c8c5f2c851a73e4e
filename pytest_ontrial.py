"""The options of the plugin, each on the command line and in the ini file, and their short names for a suite."""

import pytest

# Type, default, metavar and help of each option.
OPTIONS = {
    "workers": (int, None, "N", "processes that train, one thread each (default: the cores)"),
    "seeds": (int, None, "N", "exactly N seeds, judged once, in place of the tier's looks"),
    "most-seeds": (int, None, "N", "full: at most N seeds (functions: 10 N)"),
    "engine": (str, None, "ADDRESS", "train on a Dask cluster: address of its scheduler"),
    "claim": (list, (), "ID", "only these claims, as F8,M5 or homework/F8"),
    "fresh": (bool, False, None, "train again what is in the run store"),
    "store": (str, "runs", "FOLDER", "the run store (default: runs)"),
    "artifacts": (str, None, "FOLDER", "verdicts and figures (default: artifacts, artifacts/fast)"),
    "lock-limit": (float, 3600.0, "SECONDS", "how long to wait for a lock (default: one hour)"),
    "no-repeat": (bool, False, None, "train no seed of a @training twice to compare"),
    "plan": (bool, False, None, "say what would be trained, and train and judge nothing"),
    "accept": (bool, False, None, "write the verdicts that are found into known.toml"),
    "register": (bool, False, None, "lock what decides in registered.toml (runs fast)"),
    "yes": (bool, False, None, "with --ontrial-register: lock again what is locked and has changed"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    _add(parser.getgroup("ontrial", "claims on trial"), "--ontrial-")
    for name, (kind, _, _, text) in OPTIONS.items():
        read = {bool: "bool", list: "args"}.get(kind, "string")
        parser.addini(_dest(name), text, read, default=None)  # type: ignore[arg-type]
    parser.addini("ontrial_packages", "packages whose versions a session records", type="args")


def add_short_options(parser: pytest.Parser) -> None:
    """Add a short name of every option, such as --workers for --ontrial-workers: for a suite's `pytest_addoption`.

    Raises argparse.ArgumentError where another plugin has an option of this name.
    """
    _add(parser.getgroup("ontrial-short", "short names of the options of ontrial"), "--")


def _add(group: pytest.OptionGroup, prefix: str) -> None:
    for name, (kind, _, metavar, text) in OPTIONS.items():
        text = text if prefix == "--ontrial-" else f"the same as --ontrial-{name}"
        if kind is bool:
            group.addoption(prefix + name, dest=_dest(name), action="store_true", default=None, help=text)
        elif kind is list:
            group.addoption(prefix + name, dest=_dest(name), action="append", metavar=metavar, help=text)
        else:
            group.addoption(prefix + name, dest=_dest(name), type=kind, metavar=metavar, help=text)


def complete(config: pytest.Config) -> None:
    """Give each option that the command line lacks its value of the ini file, else its default.

    Raises pytest.UsageError for a value that is not of the option's type.
    """
    for name, (kind, default, _, _) in OPTIONS.items():
        if getattr(config.option, _dest(name)) is None:
            found = config.getini(_dest(name))
            try:
                value = kind(found) if found else default
            except ValueError as error:
                raise pytest.UsageError(f"{_dest(name)} = {found} in {config.inipath}: {error}") from error
            setattr(config.option, _dest(name), value)


def _dest(name: str) -> str:
    return "ontrial_" + name.replace("-", "_")

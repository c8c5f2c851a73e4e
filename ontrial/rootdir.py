"""Root and arguments: the value of an option is no test path, also where it stands behind a space.

pytest finds its root before it knows the options of plugins, so a folder after `--store` looks like a place of tests
to it, and where it lies outside the project the root moves there. This is put right as soon as plugins are loaded.
"""

import copy
from pathlib import Path

import pytest
from _pytest.config.findpaths import determine_setup


def settle(config: pytest.Config, args: list[str]) -> None:
    """Take the root that is found when no value of an option counts as a path, and load the conftest.py files of both.

    config: as it is before any conftest.py is loaded; args: the command line, changed in place where another root
    adds options of its own.
    """
    parser = config._parser
    names = {name for group in parser._groups for option in group.options for name in option.names()}
    known = parser.parse_known_args(_joined(args, names), namespace=copy.copy(config.option))
    unsure = parser.parse_known_args(args, namespace=copy.copy(config.option)).file_or_dir
    root, ini, values, ignored = determine_setup(
        inifile=known.inifilename,
        override_ini=known.override_ini,
        args=known.file_or_dir,
        rootdir_cmd_arg=known.rootdir or None,
        invocation_dir=config.invocation_params.dir,
    )
    # Without a project here, what stands behind an unknown option may be the tests, and the option a flag.
    if (root, ini) != (config.rootpath, config.inipath) and (ini is not None or unsure == known.file_or_dir):
        config._rootpath, config._inipath, config._inicfg = root, ini, values
        config._ignored_config_files = ignored
        config._inicache.clear()
        args[:0] = config._validate_args(config.getini("addopts"), "via addopts config")
        config._configure_python_path()
        known = parser.parse_known_args(_joined(args, names), namespace=copy.copy(config.option))
    known.confcutdir = known.confcutdir or str(config.inipath.parent if config.inipath is not None else config.rootpath)
    if unsure != known.file_or_dir:
        places, _ = config._decide_args(
            args=known.file_or_dir,
            pyargs=known.pyargs,
            testpaths=config.getini("testpaths"),
            invocation_dir=config.invocation_params.dir,
            rootpath=config.rootpath,
            warn=False,
        )
        known.file_or_dir = [*places, *unsure]
    config.known_args_namespace = known


def _joined(args: list[str], known: set[str]) -> list[str]:
    """`--data-root FOLDER` as `--data-root=FOLDER`, where a conftest.py that is not loaded yet may know the option."""
    found: list[str] = []
    for argument in args:
        before = found[-1] if found else ""
        is_unknown = before.startswith("--") and "=" not in before and before not in known
        if is_unknown and not argument.startswith("-") and Path(argument).exists():
            found[-1] = f"{before}={argument}"
        else:
            found.append(argument)
    return found

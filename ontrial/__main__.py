"""The command line: `ontrial COMMAND …`, or `python -m ontrial COMMAND …`. What a command needs is imported there."""

import argparse
import io
import subprocess
import sys
from pathlib import Path

_TEMPLATES = Path(__file__).with_name("templates")
_REPORT = (
    *("README.md", ".gitignore", "pytest.ini", ".github/workflows/claims.yml"),
    *("claims/report.py", "claims/test_overfitting.py"),
)


def main(arguments: list[str] | None = None) -> int | None:
    """Run a command; returns its exit code, None for success."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # of a terminal that cannot show a character
    lines = (f"  {name:<8} {command.__doc__}" for name, command in _COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="ontrial",
        usage="ontrial COMMAND …",
        description="Claims on trial. Commands, each with --help:\n\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=_COMMANDS, nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not options.command:
        parser.error(f"name a command: {', '.join(_COMMANDS)}")
    return _COMMANDS[options.command](options.rest)


def init(arguments: list[str]) -> None:
    """write a report of your own into a folder: one claim that runs, a workflow, a README"""
    parser = argparse.ArgumentParser(prog="ontrial init", description=init.__doc__)
    parser.add_argument("folder", type=Path, help="a new folder, or one that has none of the files")
    folder = parser.parse_args(arguments).folder
    if there := [str(folder / name) for name in _REPORT if (folder / name).exists()]:
        raise SystemExit(f"nothing was written, since these files are there: {', '.join(there)}")
    for name in _REPORT:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        template = path.name.removeprefix(".").removeprefix("test_") + ".txt"
        path.write_bytes((_TEMPLATES / template).read_bytes())
        print(path)
    print(f"next: cd {folder} && pytest")


def plan(arguments: list[str]) -> int:
    """what would be trained, and what the looks at each claim can decide; takes pytest's arguments"""
    return subprocess.run([sys.executable, "-m", "pytest", "--ontrial-plan", *arguments], check=False).returncode


def show(arguments: list[str]) -> None:
    """what the record has of a claim"""
    from ontrial.publish import show

    show.main(arguments)


def page(arguments: list[str]) -> None:
    """write the page, the badges, and the generated parts of README, docs and claims from the record"""
    from ontrial.publish import documents, page

    parser = argparse.ArgumentParser(prog="ontrial page", description=_COMMANDS["page"].__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where a generated part is stale")
    if parser.parse_args(arguments).check:
        documents.main(["--check"])
    else:
        page.main([])
        documents.main([])


def audit(arguments: list[str]) -> None:
    """recompute the record from the value of every seed, and name each difference"""
    from ontrial import audit

    audit.main(arguments)


def prune(arguments: list[str]) -> None:
    """delete the stored runs that no session has used for some time"""
    from ontrial.running import prune

    prune.main(arguments)


def combine(arguments: list[str]) -> None:
    """put the records of several folders into one"""
    from ontrial.publish import combine

    combine.main(arguments)


def repeat(arguments: list[str]) -> None:
    """compare two folders of artifacts, to see whether a second run gave the same"""
    from ontrial.publish import repetition

    repetition.main(arguments)


_COMMANDS = {each.__name__: each for each in (init, plan, show, page, audit, prune, combine, repeat)}

if __name__ == "__main__":
    raise SystemExit(main())

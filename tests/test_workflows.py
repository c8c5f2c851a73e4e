"""The workflows: valid by GitHub's schema, with few permissions, actions pinned, commands that exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def complaints(*paths: Path) -> str:
    """What the schema has against these files; empty where it has nothing."""
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        *map(str, paths),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_workflows_follow_the_schema():
    assert {path.stem for path in WORKFLOWS} == {"fast", "full", "mutants", "publish", "shard"}
    assert complaints(*WORKFLOWS) == ""


def test_the_schema_would_notice(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "runs-at:"))
    assert "broken.yml" in complaints(broken)


@each_workflow
def test_actions_are_pinned_to_a_major_version(path):
    for action in re.findall(r"uses: (\S+)", path.read_text()):
        assert re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", action) or (ROOT / action).is_file(), action


@each_workflow
def test_a_workflow_may_write_only_where_it_publishes(path):
    text = path.read_text()
    assert re.search(r"^permissions:\n  contents: (read|write)\n", text, re.MULTILINE)
    writes = re.findall(r"(\w+): write", text)
    assert writes == (["contents"] if path.stem in ("fast", "full", "publish") else [])


@each_workflow
def test_a_job_that_is_run_again_saves_under_a_key_of_its_own(path):
    for key in re.findall(r"^\s+key: (runs-\S.*)$", path.read_text(), re.MULTILINE):
        assert "${{ github.run_id }}-${{ github.run_attempt }}" in key


@each_workflow
def test_a_store_that_is_restored_from_an_older_one_is_pruned_before_it_is_saved(path):
    text = path.read_text()
    prune = "-m ontrial.running.prune runs --unused-since ${{ steps.began.outputs.at }}"
    assert (prune in text) == ("restore-keys" in text)
    judged = "make fast" if path.stem == "fast" else "pytest -m full"
    order = ["restore-keys", "id: began", judged, prune, *re.findall("actions/cache/save", text)]
    if prune in text:
        assert [text.index(each) for each in order] == sorted(text.index(each) for each in order)


@each_workflow
def test_the_commands_exist(path):
    text = path.read_text()
    targets = re.findall(r"make (\S+)", text)
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) for target in targets)
    modules = re.findall(r"-m (ontrial\.\w+\.\w+)", text)
    assert bool(modules) == ("summary" in text.lower())
    for module in modules:
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()

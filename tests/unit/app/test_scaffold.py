"""A new project has what a person starts from, and nothing of theirs is lost."""

import subprocess
from pathlib import Path

import pytest
import yaml
from tests.unit.app.projects import opened

from osiris.app.scaffold import FILES, InitProject, init_project, template
from osiris.app.validation import ValidateProject, validate_project
from osiris.model.errors import UsageError
from osiris.model.settings import Settings


def test_a_new_project_is_in_order(tmp_path: Path) -> None:
    made = init_project(opened(tmp_path), InitProject(folder="shop"))
    assert made.folder == str(tmp_path / "shop")
    assert (made.created, made.kept) == (FILES, ())
    state = validate_project(opened(tmp_path / "shop"), ValidateProject(mode="strict"))
    assert (state.exit_code, state.connections) == (0, ("@filesystem.local",))


def test_the_settings_shown_are_the_defaults() -> None:
    assert Settings.model_validate(yaml.safe_load(template("osiris.yaml"))) == Settings()


def test_what_is_there_stays_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "osiris.yaml").write_text("agent: {rounds: 3}\n", "utf-8")
    made = init_project(opened(tmp_path), InitProject())
    assert made.kept == ("osiris.yaml",)
    assert (tmp_path / "osiris.yaml").read_text("utf-8") == "agent: {rounds: 3}\n"
    assert init_project(opened(tmp_path), InitProject(force=True)).kept == ()
    assert (tmp_path / "osiris.yaml").read_text("utf-8") == template("osiris.yaml")


@pytest.mark.parametrize("name", ["osiris.yaml", "osiris_connections.yaml", ".env.example"])
def test_without_comments_a_file_says_the_same(name: str) -> None:
    short = template(name, comments=False)
    assert "#" not in short
    assert short
    assert yaml.safe_load(short) == yaml.safe_load(template(name))


def test_secrets_and_what_runs_leave_behind_are_ignored_by_git(tmp_path: Path) -> None:
    init_project(opened(tmp_path), InitProject(git=True))
    for name in (".env", "logs/x", "build/x", "output/x", ".osiris_sessions/x"):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=tmp_path, check=False).returncode == 0, name
    assert subprocess.run(["git", "check-ignore", "-q", "osiris.yaml"], cwd=tmp_path, check=False).returncode == 1


def test_a_file_is_no_place_for_a_project(tmp_path: Path) -> None:
    (tmp_path / "shop").touch()
    with pytest.raises(UsageError, match="'shop' is a file"):
        init_project(opened(tmp_path), InitProject(folder="shop"))


def test_git_says_what_it_has_against_the_folder(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("nonsense", "utf-8")
    with pytest.raises(UsageError, match="git can't make a repository here"):
        init_project(opened(tmp_path), InitProject(git=True))


def test_git_that_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"):
        init_project(opened(tmp_path), InitProject(folder="shop", git=True))

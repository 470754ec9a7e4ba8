from pathlib import Path

import pytest
import yaml
from tests.unit.agent.shop import shop

from osiris.agent.brief import FRAME, MOST_NOTES, PROMPTS, brief, export_prompts, prompt
from osiris.agent.remember import remember
from osiris.agent.tools import TOOLS
from osiris.app.catalogue import NOTES
from osiris.app.pipelines import CheckPipeline, check_pipeline
from osiris.app.project import Project
from osiris.model.errors import ConfigError, UsageError


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return shop(tmp_path)


def test_the_brief_names_every_component_and_what_it_must_be_given(project: Project) -> None:
    text = brief(project)
    for name in project.registry.names():
        assert f"- `{name}` (" in text
    assert "`duckdb.extractor` (read)" in text
    assert "connection*" in text


def test_the_brief_is_the_same_every_time_and_holds_no_data(project: Project) -> None:
    assert brief(project) == brief(Project.open(project.root, exported={}))
    assert "orders" not in brief(project).replace("@sqlite", "")
    assert "shop" not in brief(project)


def test_the_brief_is_short() -> None:
    """About four characters a token; the static part is meant to stay near 1 500 tokens."""
    assert sum(len(prompt(name)) for name in PROMPTS) < 7_000


def test_the_tools_that_the_brief_speaks_of_are_there() -> None:
    words = set(prompt("role").replace("`", " ").split())
    names = {tool.name for tool in TOOLS}
    assert {word for word in words if "_" in word and word.islower()} <= names
    assert {"overview", "ask_user", "write_pipeline", "plan_pipeline", "run_pipeline", "explain_run"} <= words


def test_the_example_is_a_pipeline_that_the_compiler_takes(project: Project) -> None:
    text = prompt("example").partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(text)["oml_version"] == "0.1.0"
    (project.root / "osiris_connections.yaml").write_text("sqlite: {desk: {path: desk.sqlite}}", "utf-8")
    checked = check_pipeline(Project.open(project.root, exported={}), CheckPipeline(text=text))
    assert (checked.name, checked.valid) == ("open-tickets-by-team", True), checked.diagnostics


def test_the_rules_that_people_wrote_are_part_of_the_brief(project: Project) -> None:
    (project.root / NOTES).write_text("An order is lost when its status is `X`.\n", "utf-8")
    assert brief(project).endswith("written by its people\n\nAn order is lost when its status is `X`.")


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"\xff\xfe", "cannot read OSIRIS.md"), (b"x" * (MOST_NOTES + 1), "longer than")]
)
def test_rules_that_cannot_be_read_are_one_clear_error(project: Project, content: bytes, complaint: str) -> None:
    (project.root / NOTES).write_bytes(content)
    with pytest.raises(ConfigError, match=complaint):
        brief(project)


class TestProMode:
    def test_the_prompts_are_written_once_and_then_left_to_their_owner(self, project: Project) -> None:
        assert export_prompts(project) == tuple(f".osiris_prompts/{name}.md" for name in (FRAME, *PROMPTS))
        (project.layout.prompts / "role.md").write_text("You are brief.\n", "utf-8")
        assert export_prompts(project) == ()
        assert brief(project, pro=True).startswith("You are brief.\n")
        assert not brief(project).startswith("You are brief.\n")
        assert len(export_prompts(project, force=True)) == 4
        assert brief(project, pro=True) == brief(project)

    @pytest.mark.parametrize(
        ("name", "text", "complaint"),
        [
            ("brief", "{{role}} {{oml}} {{components}} {{exampel}}", "has a slot 'exampel' that nothing fills"),
            ("brief", "{{role}} {{oml}}", r"needs the slot \{\{components\}\} once"),
            ("brief", "{{oml}} {{oml}} {{components}}", r"needs the slot \{\{oml\}\} once"),
            ("role", "{{components}}", "has a slot 'components' that nothing fills"),
            ("role", "", "is empty"),
            ("role", "a\u200bb", "invisible"),
            ("role", "x" * 40_001, "longer than"),
        ],
    )
    def test_a_prompt_is_checked_when_it_is_loaded(
        self, project: Project, name: str, text: str, complaint: str
    ) -> None:
        export_prompts(project)
        (project.layout.prompts / f"{name}.md").write_text(text, "utf-8")
        with pytest.raises(ConfigError, match=complaint):
            brief(project, pro=True)

    def test_one_that_is_missing_or_no_text_is_named(self, project: Project) -> None:
        with pytest.raises(ConfigError, match="there is no prompt") as caught:
            brief(project, pro=True)
        assert "dump-prompts --export" in caught.value.hint
        export_prompts(project)
        (project.layout.prompts / "oml.md").write_bytes(b"\xff\xfe")
        with pytest.raises(ConfigError, match="cannot read"):
            brief(project, pro=True)

    def test_slots_of_a_value_are_not_filled(self, project: Project) -> None:
        (project.root / NOTES).write_text("An order is {{role}}.\n", "utf-8")
        assert brief(project).endswith("An order is {{role}}.")


class TestRemember:
    def test_a_rule_joins_those_that_are_there(self, project: Project) -> None:
        assert remember(project, "An order is lost\n when it is `X`.") == NOTES
        remember(project, "Test rows have amount 0.")
        text = (project.root / NOTES).read_text("utf-8")
        assert text == "# Rules of this project\n\n- An order is lost when it is `X`.\n- Test rows have amount 0.\n"
        assert "Test rows have amount 0." in brief(project)

    @pytest.mark.parametrize("rule", ["", "\u200b", "x" * 501])
    def test_a_rule_is_a_sentence_or_two(self, project: Project, rule: str) -> None:
        with pytest.raises(UsageError, match="one sentence or two"):
            remember(project, rule)
        assert not (project.root / NOTES).exists()

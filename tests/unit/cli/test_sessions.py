"""Conversations are listed, named, shown, copied, built again and removed from the command line."""

import json
from pathlib import Path

import pytest
from tests.e2e.keyboard import typed
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.shop import OML, OUTLINE, shop

MADE = (("propose_plan", OUTLINE), ("write_pipeline", {"text": OML}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project in which one conversation was held."""
    with LlmServer([Reply("Here is a draft.", MADE), Reply("Anything else?")]) as server:
        shop(tmp_path, settings=f"llm: {{model: test, base_url: '{server.base_url}'}}\n")
        assert typed(tmp_path, "chat", "--once", "Give me the orders").code == 0
    return tmp_path


def test_where_nobody_has_talked_there_is_nothing(tmp_path: Path) -> None:
    shop(tmp_path)
    assert "nobody has talked here yet" in typed(tmp_path, "chat", "list").err
    assert typed(tmp_path, "chat", "export", "last").code == 2


def test_one_is_listed_renamed_and_found_by_its_title(folder: Path) -> None:
    (line,) = typed(folder, "chat", "list", "--json").document["sessions"]
    assert (line["title"], line["turns"], line["waiting"]) == ("Give me the orders", 1, False)
    assert typed(folder, "chat", "rename", "last", "Orders").code == 0
    assert "Orders" in typed(folder, "chat", "list").out
    assert "# Orders" in typed(folder, "chat", "export", "Orders").out


def test_one_is_kept_as_a_page(folder: Path) -> None:
    assert typed(folder, "chat", "export", "last", "--output", "talk.md").out == "written to talk.md\n"
    page = (folder / "talk.md").read_text("utf-8")
    assert OML in page
    assert "## You\n\nGive me the orders" in page


def test_one_is_built_again_from_a_file_without_a_model(folder: Path) -> None:
    typed(folder, "chat", "export", "last", "--output", "talk.json")
    for name in ("talk.json", "last"):
        done = typed(folder, "chat", "--replay", name, "--json")
        assert (done.code, done.document["same"], done.document["changed"]) == (0, True, [])
        assert done.document["drafts"][0]["oml"] == OML
    assert "the same bytes" in typed(folder, "chat", "--replay", "last").out


def test_one_that_comes_out_otherwise_says_so_and_ends_with_another_code(folder: Path) -> None:
    typed(folder, "chat", "export", "last", "--output", "talk.json")
    recording = json.loads((folder / "talk.json").read_text("utf-8"))
    recording["said"] = json.loads(json.dumps(recording["said"]).replace("status, amount", "state, amount"))
    (folder / "talk.json").write_text(json.dumps(recording), "utf-8")
    done = typed(folder, "chat", "--replay", "talk.json")
    assert done.code == 4
    assert "other bytes" in done.out
    assert "it was valid then" in done.out
    assert typed(folder, "chat", "--replay", "nowhere.json").code == 2


def test_a_copy_goes_its_own_way(folder: Path) -> None:
    copy = typed(folder, "chat", "fork", "last", "--at", "2", "--json").document["session"]
    lines = {line["session"]: line for line in typed(folder, "chat", "list", "--json").document["sessions"]}
    assert len(lines) == 2
    assert lines[copy]["waiting"] is True


def test_one_is_removed_after_a_yes(folder: Path) -> None:
    assert typed(folder, "chat", "delete", "last").code == 2
    assert typed(folder, "chat", "delete", "last", "--yes").code == 0
    assert typed(folder, "chat", "list", "--json").document == {"sessions": []}
    assert (folder / "pipelines" / "by-status.yaml").read_text("utf-8") == OML


def test_prompts_are_shown_and_written_to_be_edited(folder: Path) -> None:
    assert set(typed(folder, "dump-prompts", "--json").document["prompts"]) == {"brief", "role", "oml", "example"}
    assert ".osiris_prompts/role.md" in typed(folder, "dump-prompts", "--export").out
    assert "has them all" in typed(folder, "dump-prompts", "--export").out
    (folder / ".osiris_prompts" / "role.md").write_text("You are {{nobody}}.\n", "utf-8")
    done = typed(folder, "chat", "--pro-mode", "--once", "Hello")
    assert done.code == 2
    assert "has a slot 'nobody' that nothing fills" in done.err


def test_pro_mode_tells_the_model_what_the_project_says(tmp_path: Path) -> None:
    with LlmServer([Reply("Hello.")]) as server:
        shop(tmp_path, settings=f"llm: {{model: test, base_url: '{server.base_url}'}}\n")
        typed(tmp_path, "dump-prompts", "--export")
        (tmp_path / ".osiris_prompts" / "role.md").write_text("You are a pirate.\n", "utf-8")
        assert typed(tmp_path, "chat", "--pro-mode", "--once", "Hello").code == 0
        assert server.requests[0]["messages"][0]["content"].startswith("You are a pirate.")


def test_cases_are_held_in_a_copy_and_the_score_is_told(folder: Path) -> None:
    query = "SELECT order_id, status, amount FROM orders"
    case = f'{{name: all orders, intent: orders, expect: {{connection: "@duckdb.shop", query: "{query}"}}}}'
    (folder / "cases.yaml").write_text(f"project: .\ncases: [{case}]\n", "utf-8")
    done = typed(folder, "eval", "cases.yaml", "--player", "nothing")
    assert done.code == 4
    assert "nothing ran to its end" in done.out
    assert "0 of 1 right" in done.out
    assert "wrong: all orders" in done.err
    with LlmServer([Reply("", MADE), Reply("That's all.")]) as server:
        (folder / "osiris.yaml").write_text(f"llm: {{model: test, base_url: '{server.base_url}'}}\n", "utf-8")
        (verdict,) = typed(folder, "eval", "cases.yaml", "--json").document["verdicts"]
    assert (verdict["requests"], verdict["calls"], verdict["passed"]) == (2, 2, False)

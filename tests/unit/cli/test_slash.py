"""What is typed with a slash works with a language model and without one."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.unit.agent.shop import OML, ROWS, shop

from osiris.agent.brief import brief
from osiris.agent.history import History
from osiris.agent.talk import Talk
from osiris.app.logs import ListRuns, list_runs
from osiris.cli.chat import Conversation
from osiris.cli.options import Options
from osiris.cli.person import AtTerminal
from osiris.cli.slash import _COMMANDS, HELP, Leave, Slash
from osiris.cli.terminal import Terminal
from osiris.model.errors import ApprovalMissing, LlmError, OsirisError, UsageError
from osiris.observe.redact import Redactor

SHOP = "@duckdb.shop"


class Desk:
    """A person without a language model, at a terminal with answers typed beforehand."""

    def __init__(self, folder: Path, typed: str = "") -> None:
        project = shop(folder)
        out, err = (Console(file=StringIO(), width=200, highlight=False, markup=False) for _ in range(2))
        self.terminal = Terminal(Options(folder=str(folder)), out, err, bool(typed), StringIO(typed))
        person = AtTerminal(self.terminal)
        history = History(project.layout.history, Redactor())
        self.conversation = Conversation(self.terminal, project, None, person, Talk(brief(project)), history)
        self.slash = Slash(self.conversation)

    def __call__(self, line: str) -> str:
        """Type one line and return what was shown for it."""
        for console in (self.terminal.out, self.terminal.err):
            console.file = StringIO()
        self.slash(line)
        files = (self.terminal.out.file, self.terminal.err.file)
        return "".join(file.getvalue() for file in files if isinstance(file, StringIO))


def test_every_command_is_in_the_help() -> None:
    assert [name for name in _COMMANDS if f"/{name}" not in HELP] == ["exit"]


def test_a_person_looks_around(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert "1 table: orders" in desk("/tables")
    assert "orders" in desk(f"/tables {SHOP}")
    assert "amount" in desk("/search amount")
    assert "order_id BIGINT" in desk("/describe orders")
    assert "cancelled, paid" in desk(f"/profile {SHOP} orders")
    assert "buyer1@example.com" in desk("/sql SELECT email FROM orders ORDER BY order_id")
    assert desk.conversation.talk.said == ()
    with pytest.raises(OsirisError, match="refused"):
        desk(f"/sql {SHOP} DELETE FROM orders")


def test_a_pipeline_is_made_checked_planned_and_run_after_a_yes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "y\n")
    assert "pipelines/export-orders.yaml" in desk(f"/new export {SHOP}/orders all.csv")
    assert "valid" in desk("/check")
    assert "plan of export-orders" in desk("/plan")
    assert "name: export-orders" in desk("/oml").replace('"', "")
    assert f"{ROWS} rows written" in desk("/run")
    assert len((tmp_path / "output" / "all.csv").read_text("utf-8").splitlines()) == ROWS + 1
    assert "export-orders" in desk("/explain")


def test_a_pipeline_that_is_there_is_run_by_its_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "y\n")
    (tmp_path / "mine.yaml").write_text(OML, "utf-8")
    assert "plan of by-status" in desk("/plan mine.yaml")
    desk("/run mine.yaml")
    assert (tmp_path / "output" / "orders.csv").exists()
    assert "valid" in desk("/check mine.yaml")
    with pytest.raises(UsageError, match="cannot read"):
        desk("/check nowhere.yaml")


def test_after_a_no_nothing_runs(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "n\n")
    desk(f"/new sql {SHOP} paid.csv SELECT order_id FROM orders WHERE status = 'paid'")
    with pytest.raises(ApprovalMissing):
        desk("/run")
    assert list_runs(desk.conversation.project, ListRuns()).runs == ()


def test_a_yes_is_given_now_for_a_run_later(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "y\n")
    desk(f"/new copy {SHOP}/orders {SHOP}/copies")
    assert "copy-orders-to-copies may run once" in desk("/approve")
    assert "rows written" in desk("/run")


def test_what_a_draft_replaced_comes_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk(f"/new export {SHOP}/orders all.csv")
    assert "is as it was before" in desk("/undo")
    assert not (tmp_path / "pipelines" / "export-orders.yaml").exists()
    with pytest.raises(UsageError, match="nothing to take back"):
        desk("/undo")


def test_a_draft_is_kept_elsewhere_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "n\ny\n")
    with pytest.raises(UsageError, match="no draft yet"):
        desk("/save x.yaml")
    desk(f"/new export {SHOP}/orders all.csv")
    with pytest.raises(UsageError, match="needs a file"):
        desk("/save")
    assert "written to x.yaml" in desk("/save x.yaml")
    with pytest.raises(UsageError, match="stays as it is"):
        desk("/save x.yaml")
    desk("/save x.yaml")


def test_a_rule_is_remembered_after_a_yes_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "n\ny\n")
    with pytest.raises(UsageError, match="nothing was remembered"):
        desk("/remember Test orders don't count.")
    assert not (tmp_path / "OSIRIS.md").exists()
    assert "remembered in OSIRIS.md" in desk("/remember Test orders don't count.")
    assert "- Test orders don't count." in (tmp_path / "OSIRIS.md").read_text("utf-8")
    assert "Test orders don't count." in desk.conversation.talk.said[-1].text


def test_without_a_model_a_sentence_is_answered_by_what_works(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with pytest.raises(LlmError, match="no language model") as caught:
        desk.conversation.take("Give me the orders")
    assert "/help" in caught.value.hint
    assert "none" in desk("/model")
    assert "Look:" in desk("/help")
    assert "draft" in desk("/help")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("/halp", "there is no /halp"),
        ("/new", "there is no /new"),
        ("/new copy one", "takes two things"),
        ("/new sql paid.xlsx SELECT 1", "no component knows a file like"),
        ("/oml", "no draft yet"),
        ("/plan", "no draft yet"),
        ("/run", "no draft yet"),
        ("/approve 0123456789abcdef", "waits for a yes"),
        ("/explain", "nothing has run"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(OsirisError, match=complaint):
        Desk(tmp_path)(line)


def test_among_several_connections_one_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    more = "duckdb: {shop: {path: shop.duckdb}, other: {path: other.duckdb}}\n"
    (tmp_path / "osiris_connections.yaml").write_text(more, "utf-8")
    desk.conversation.project = desk.terminal.project()
    with pytest.raises(UsageError, match="which connection"):
        desk("/sql SELECT 1")


def test_quit_leaves(tmp_path: Path) -> None:
    for line in ("/quit", "/exit"):
        with pytest.raises(Leave):
            Desk(tmp_path / line[1:])(line)

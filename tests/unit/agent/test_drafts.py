"""Drafts by hash, the way back, and an end to mending in circles."""

from pathlib import Path

import pytest
from tests.unit.agent.shop import OML, shop

from osiris.agent.drafts import Attempts, Drafts, Written, name_of
from osiris.agent.phase import Phase, phase_of
from osiris.app.project import Project
from osiris.model.diagnostics import Diagnostic
from osiris.model.errors import UsageError

WRONG = Diagnostic(code="OSR-NAM-002", message="there is no such column")


class TestAttempts:
    def test_three_repairs_are_enough(self) -> None:
        attempts = Attempts(3)
        for number in range(4):
            attempts.must_go_on()
            attempts.saw(f"text {number}", (WRONG,) * (9 - number))
        with pytest.raises(UsageError, match="9 → 8 → 7 → 6"):
            attempts.must_go_on()

    def test_fewer_where_the_findings_do_not_shrink(self) -> None:
        attempts = Attempts(9)
        for number, errors in enumerate((2, 2, 3)):
            attempts.must_go_on()
            attempts.saw(f"text {number}", (WRONG,) * errors)
        with pytest.raises(UsageError, match="enough"):
            attempts.must_go_on()

    def test_the_same_text_is_not_looked_at_twice(self) -> None:
        attempts = Attempts()
        attempts.saw("text", (WRONG,))
        with pytest.raises(UsageError, match="wrong before"):
            attempts.saw("text", (WRONG,))

    def test_counting_begins_again_once_a_draft_is_right_or_the_person_speaks(self) -> None:
        attempts = Attempts(0)
        attempts.saw("text", (WRONG,))
        attempts.begin()
        attempts.must_go_on()
        attempts.saw("text", (WRONG,))
        attempts.saw("other", ())
        attempts.must_go_on()


class TestDrafts:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Project:
        return shop(tmp_path)

    def test_what_is_known_of_a_draft_stays_with_its_text(self) -> None:
        drafts = Drafts()
        name = drafts.put(OML, valid=True)
        assert drafts.put(OML, planned="token") == name == name_of(OML)
        assert drafts.get(name) == Written(OML, valid=True, planned="token")
        drafts.put("other")
        assert drafts.newest == Written("other")
        with pytest.raises(UsageError, match="there is no draft"):
            drafts.get("sha256:0")

    def test_undo_puts_back_what_was_there(self, project: Project) -> None:
        file, drafts = project.root / "a.yaml", Drafts()
        file.write_text("new\n", "utf-8")
        drafts.went_into(file, "old\n", "new\n")
        drafts.undo(project)
        assert file.read_text("utf-8") == "old\n"
        assert drafts.newest == Written("old\n")
        with pytest.raises(UsageError, match="nothing to take back"):
            drafts.undo(project)

    def test_undo_removes_what_was_not_there(self, project: Project) -> None:
        file, drafts = project.root / "a.yaml", Drafts()
        file.write_text("new\n", "utf-8")
        drafts.went_into(file, None, "new\n")
        drafts.undo(project)
        assert not file.exists()

    def test_undo_leaves_alone_what_somebody_changed_since(self, project: Project) -> None:
        file, drafts = project.root / "a.yaml", Drafts()
        file.write_text("mine\n", "utf-8")
        drafts.went_into(file, "old\n", "new\n")
        with pytest.raises(UsageError, match="was changed since"):
            drafts.undo(project)
        assert file.read_text("utf-8") == "mine\n"


@pytest.mark.parametrize(
    ("there", "phase"),
    [
        ({}, Phase.INTENT),
        ({"wished": True}, Phase.DISCOVERY),
        ({"wished": True, "described": True}, Phase.PLAN),
        ({"wished": True, "outlined": True}, Phase.OML),
        ({"draft": Written("x")}, Phase.VALIDATE),
        ({"draft": Written("x", valid=True)}, Phase.COMPILE),
        ({"draft": Written("x", valid=True, planned="t")}, Phase.APPROVE),
        ({"draft": Written("x", valid=True, planned="t", approved=True)}, Phase.RUN),
        ({"draft": Written("x", valid=True, planned="t", ran="r")}, Phase.EXPLAIN),
    ],
)
def test_the_phase_is_a_function_of_what_is_there(there: dict[str, object], phase: Phase) -> None:
    known = {"wished": False, "described": False, "outlined": False, "draft": None} | there
    assert phase_of(**known) is phase  # type: ignore[arg-type]

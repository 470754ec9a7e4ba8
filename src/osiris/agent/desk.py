"""The desk: answers what the language model calls, and lets nothing through that a person has not seen."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from osiris.agent.clean import clean, clean_tree
from osiris.agent.drafts import Attempts, Drafts, Written, name_of, unix
from osiris.agent.ledger import Ledger
from osiris.agent.looks import Answer, Looks
from osiris.agent.mend import assuming, mended
from osiris.agent.outline import Outline
from osiris.agent.person import Person
from osiris.agent.phase import Phase, phase_of
from osiris.agent.policy import Policies
from osiris.agent.request import Request
from osiris.agent.short import evidence_ids, in_short, unseen, veiled
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import TOOLS, AskUser, Draft, ExplainRun, ReadResult, WritePipeline
from osiris.app.approvals import Approvals, policy_for
from osiris.app.catalogue import Overview, ProfileTable, QuerySample
from osiris.app.library import template_named, template_names
from osiris.app.logs import ShowPackage
from osiris.app.oml import pointed
from osiris.app.operations import OPERATIONS
from osiris.app.pipelines import (
    Checked,
    CheckPipeline,
    CompilePipeline,
    PlanPipeline,
    Ready,
    Saved,
    SavePipeline,
    make_ready,
)
from osiris.app.project import Project
from osiris.app.record import index, redactor
from osiris.app.rehearsal import Rehearsed, RehearsePipeline, rehearse_pipeline, tried
from osiris.app.runs import RunPipeline
from osiris.model.errors import ApprovalMissing, CheckFailed, OsirisError, OutsideError, StepFailed, UsageError
from osiris.model.nearest import nearest
from osiris.model.oml import slug

MOST_CHARS = 8_000  # of one answer to the model; the rest is read with read_result
MOST_BATCHES = 2  # of questions before there is a draft
MOST_PIPELINES = 50  # named in an overview
MOST_LINES = 60  # of a difference in a question
ONCE = frozenset({"run_pipeline", "request_approval"})  # never done again after an interruption
ASKS = frozenset({  # databases; a run does as well, but it is a person who wants it
    "overview", "find_tables", "describe_tables", "profile_columns", "query_sample", "rehearse_pipeline",
    "plan_pipeline", "request_approval",
})  # fmt: skip


def unnoted(_kind: str, _body: Mapping[str, Any]) -> None:
    """Do nothing with what happened: nobody keeps it."""


@dataclass
class Desk:
    """Answers calls over the table of operations.

    What may be done is a function of what is there: a pipeline is written when its plan was shown, planned when it is
    valid, run when it is planned and a person says yes to that plan. An edit is another draft.

    Attributes:
        drafts: What the model wrote.
        outline: What the model intends; None before it has said so.
        assumptions: What was assumed where a question had no answer, in order.
        evidence: Ids that explain_run has shown.
        results: Answers that were cut, by hash.
        wishes: What the person said since the last run.
        note: Keeps what happened, besides what is said.
        session: Name of the conversation; empty where it is not kept.
        ledger: Counts the model's calls, and how long databases are asked for it.
    """

    project: Project
    person: Person
    drafts: Drafts = field(default_factory=Drafts)
    outline: Outline | None = None
    assumptions: dict[str, None] = field(default_factory=dict)
    evidence: set[str] = field(default_factory=set)
    results: dict[str, str] = field(default_factory=dict)
    wishes: list[str] = field(default_factory=list)
    described: bool = False
    note: Callable[[str, Mapping[str, Any]], None] = unnoted
    session: str = ""
    ledger: Ledger = field(default_factory=Ledger)
    _batches: int = 0

    def __post_init__(self) -> None:
        self.project = replace(self.project, door=replace(self.project.door, confined=True))
        self.redact = redactor(self.project)
        settings = self.project.configured.settings.agent
        self.looks = Looks(Policies.of_settings(settings), self.ledger)
        self.attempts = Attempts(settings.repairs)

    @property
    def phase(self) -> Phase:
        """Return how far the conversation has come, going by what is there."""
        return phase_of(
            wished=bool(self.wishes) or bool(self.drafts.by_name),
            described=self.described,
            outlined=self.outline is not None,
            draft=self.drafts.newest,
        )

    def recall(self, talk: Talk) -> None:
        """Know again what an earlier conversation wrote, found out and showed; a run proves all of it again."""
        tools = {call.id: call.tool for said in talk.said for call in said.calls}
        for said in talk.said:
            for call in said.calls:
                self._recall(call)
            if said.by == "user":
                self.wishes.append(said.text)
            if said.by == "desk":
                self.evidence.update(evidence_ids(said.text))
                self.assumptions |= dict.fromkeys(assumed_in(said.text))
                self._recall_answer(tools.get(said.answers, ""), said.text)

    def _recall(self, call: Call) -> None:
        if call.tool == "write_pipeline" and isinstance(text := call.arguments.get("text"), str):
            self.drafts.put(self.as_written(text))
        if call.tool == "propose_plan":
            try:
                self.outline = Outline.model_validate(call.arguments)
            except ValidationError:
                return

    def _recall_answer(self, tool: str, text: str) -> None:
        told = json.loads(text) if tool in {"write_pipeline", "check_pipeline", "plan_pipeline"} else {}
        if (draft := self.drafts.by_name.get(told.get("draft", ""))) is None:
            return
        if tool == "plan_pipeline":
            self.drafts.put(draft.text, planned=str(told.get("planned", "")))
        else:
            self.drafts.put(draft.text, valid=bool(told.get("valid")))

    def as_written(self, text: str) -> str:
        """Return a draft's text as it was kept: mended by code, with the assumptions of the conversation in it."""
        return self._mended(unix(text))[0] if _is_text(text) else unix(text)

    def begin_turn(self, sentence: str) -> None:
        """Hear what the person says."""
        if sentence:
            self.wishes.append(sentence)
            self.attempts.begin()

    def resume(self, talk: Talk, runs: Mapping[str, str]) -> Iterator[Said]:
        """Yield an answer to each call that was cut off: it is done now, unless it may be done only once.

        Args:
            talk: The conversation as it was kept.
            runs: Call to the run that it had begun.
        """
        for call in talk.open_calls():
            if call.tool not in ONCE:
                yield self.answer(call, counted=True)
                continue
            told: dict[str, Any] = {"interrupted": True}
            if run_id := runs.get(call.id):
                run = index(self.project).get(run_id)
                told["run"] = {"run_id": run_id, "status": run.status, "rows": run.total_rows}
            yield Said("desk", json.dumps(told, separators=(",", ":")), answers=call.id)

    def hear(self, reply: Said) -> Iterator[Said]:
        """Yield an answer to each call; without a call, an objection where the text cites what does not exist."""
        if not reply.calls and (unknown := sorted(set(evidence_ids(reply.text)) - self.evidence)):
            yield Said(
                "desk", f"there is no evidence {', '.join(unknown)}: say it again, with ids that explain_run gave"
            )
        for call in reply.calls:
            yield self.answer(call, counted=True)

    def answer(self, call: Call, *, counted: bool = False) -> Said:
        """Return the answer to one call; what goes wrong is an answer, too.

        Args:
            call: What is asked for.
            counted: True where the model calls: what it may call, and how long it may have databases asked, is bounded.
        """
        try:
            with self.ledger.calling(asks=call.tool in ASKS) if counted else nullcontext():
                shown, short = self._do(call)
        except OsirisError as exc:
            shown, short = exc, {"error": _told(exc, call)}
        text = json.dumps(clean_tree(self.redact(short)), ensure_ascii=False, separators=(",", ":"))
        return Said("desk", text if call.tool == "read_result" else self._bounded(text), answers=call.id, shown=shown)

    def undo(self) -> str:
        """Put back what the newest draft replaced, and return the file.

        Raises:
            UsageError: there is nothing to take back.
        """
        last = self.drafts.undo(self.project)
        self.note("undone", {"file": last.file})
        return self.project.shown(Path(last.file))

    def _do(self, call: Call) -> Answer:
        tool = next((tool for tool in TOOLS if tool.name == call.tool), None)
        if tool is None:
            names = [tool.name for tool in TOOLS]
            raise UsageError(f"there is no tool {call.tool!r}", hint=f"nearest: {nearest(call.tool, names) or names}")
        try:
            ask = tool.ask.model_validate(call.arguments)
        except ValidationError as exc:
            faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in exc.errors())
            raise UsageError(f"{call.tool} can't take this: {faults}", hint="see its parameters") from None
        return _TOOLS[call.tool](self, ask)

    def _bounded(self, text: str) -> str:
        if len(text) <= MOST_CHARS:
            return text
        name = name_of(text)
        self.results[name] = text
        return _part(name, text, 0)

    def _ask(self, name: str, ask: BaseModel) -> Any:
        """Return an operation's own answer."""
        operation = OPERATIONS[name]
        return operation.do(self.project, operation.ask.model_validate(ask.model_dump()))

    def _look(self, name: str, ask: BaseModel) -> Answer:
        with self.ledger.asking():
            full = self._ask(name, ask)
        return full, in_short(full, unseen)

    def _overview(self, ask: Overview) -> Answer:
        shown, short = self._look("catalogue.overview", ask)
        files = sorted(self.project.layout.pipelines.glob("*.yaml"))[:MOST_PIPELINES]
        return shown, short | ({"pipelines": [self.project.shown(file) for file in files]} if files else {})

    def _describe(self, ask: BaseModel) -> Answer:
        self.described = True
        tables, _ = self._look("catalogue.describe", ask)
        return self.looks.described(self.project, tables)

    def _profile(self, ask: ProfileTable) -> Answer:
        return self.looks.profile(self.project, self.person, ask)

    def _query(self, ask: QuerySample) -> Answer:
        return self.looks.query(self.project, self.person, ask)

    def _ask_user(self, ask: AskUser) -> Answer:
        if not self.drafts.by_name and self._batches >= MOST_BATCHES:
            raise UsageError("not yet: write a draft first", hint="assume the defaults and say so")
        self._batches += 1
        given = self.person.ask(ask.questions)
        answers = [
            {"question": q.question, "answer": clean(answer) or q.default, "assumed": not answer}
            for q, answer in zip(ask.questions, given, strict=True)
        ]
        text = {"answers": answers}
        self.assumptions |= dict.fromkeys(assumed_in(json.dumps(text)))
        return ask, text

    def _outline(self, ask: Outline) -> Answer:
        corrections = clean(self.person.correct(ask))
        self.outline = ask
        if corrections:
            self.wishes.append(corrections)
        return ask, {"corrections": corrections or "none: go on"}

    def waits(self, name: str) -> None:
        """Keep a planned draft where a person finds it who says yes to it.

        Raises:
            UsageError: it is not planned.
        """
        Approvals(self.project).ask(self._planned(name), assumptions=tuple(self.assumptions), session=self.session)

    def accept(self, text: str) -> Said:
        """Take a pipeline that the person made without the model, and return the answer for the screen."""
        self.outline = self.outline or Outline(sources=("as typed",), grain="", destination="", write_mode="")
        return self.answer(Call("typed", "write_pipeline", {"text": text}))

    def _write(self, ask: WritePipeline) -> Answer:
        text = unix(ask.text)
        if not _is_text(text):
            raise UsageError("the text holds invisible characters", hint="write it without them")
        self.attempts.must_go_on()
        text, did = self._mended(text)
        text = pointed(text, self.project.root, self.project.layout.pipeline("draft"))
        checked: Checked = self._ask("pipelines.check", CheckPipeline(text=text))
        before = self._may_replace(text, checked)
        self.attempts.saw(text, checked.diagnostics)
        saved = self._saved(text, checked, before)
        name = self.drafts.put(text, valid=checked.valid)
        short = {"draft": name, "file": saved.file, **in_short(checked, unseen)}
        more = {"mended": list(did), "smells": list(self._smells(text, checked))}
        return saved, short | {key: value for key, value in more.items() if value}

    def _mended(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Return a text as code mends it; assumptions that it does not say are added to its metadata."""

        def check(candidate: str) -> tuple[Any, ...]:
            checked: Checked = self._ask("pipelines.check", CheckPipeline(text=candidate))
            return checked.diagnostics

        better, did = mended(text, check)
        said = assuming(better, (clean(one) for one in self.assumptions))
        return (said, (*did, "wrote the assumptions into metadata")) if said != better else (better, did)

    def _may_replace(self, text: str, checked: Checked) -> str | None:
        """Return what the pipeline's file holds, None where it is not there; if the draft may go into it.

        Raises:
            UsageError: it is somebody else's, and the person says no; or a new pipeline's plan was not shown yet.
        """
        file = self.project.layout.pipeline(slug(checked.name))
        if not checked.name or not file.is_file():
            if self.outline is None and not self.drafts.by_name:
                raise UsageError("not yet: call propose_plan first", hint="the person sees what is going to be built")
            return None
        there = unix(file.read_text("utf-8", "replace"))
        if name_of(there) in self.drafts.by_name or there == text:
            return there
        found = f"{self.project.shown(file)} is there already, and this conversation did not write it"
        lines = [*unified_diff(there.splitlines(), text.splitlines(), lineterm="", n=2)][2:]
        more = [f"… {len(lines) - MOST_LINES} more lines differ"] if len(lines) > MOST_LINES else []
        changed = "\n".join([*lines[:MOST_LINES], *more])
        if not self.person.permit(f"{changed}\n{found}. Replace it?"):
            raise UsageError(found, hint="give the pipeline another name")
        self.drafts.put(there)
        return there

    def _saved(self, text: str, checked: Checked, before: str | None) -> Saved:
        """Return where a draft lies; one with errors does not take the place of a good one."""
        file = self.project.layout.pipeline(slug(checked.name))
        shown = self.project.shown(file)
        if before is not None and not checked.valid:
            good: Checked = self._ask("pipelines.check", CheckPipeline(text=before))
            if good.valid:
                return Saved(file=shown, oml_sha256=checked.oml_sha256, replaced=False, checked=checked)
        if before != text:
            went = self.drafts.went_into(file, before, text)
            self.note("replaced", {"file": went.file, "before": went.before, "now": went.now})
        saved: Saved = self._ask("pipelines.save", SavePipeline(text=text))
        return saved

    def _smells(self, text: str, checked: Checked) -> tuple[str, ...]:
        if not checked.valid:
            return ()
        try:
            ready = make_ready(self.project, PlanPipeline(text=text, look=False))
        except OsirisError:
            return ()
        return self.looks.never_there(self.project, ready.manifest)

    def _check(self, ask: Draft) -> Answer:
        draft = self.drafts.get(ask.draft)
        checked: Checked = self._ask("pipelines.check", CheckPipeline(text=draft.text))
        self.drafts.put(draft.text, valid=checked.valid)
        return checked, {"draft": ask.draft, **in_short(checked, unseen)}

    def _rehearse(self, ask: Draft) -> Answer:
        draft = self._valid(ask.draft)
        with self.ledger.asking():
            rehearsed = rehearse_pipeline(self.project, RehearsePipeline(text=draft.text))
        self.drafts.put(draft.text, rehearsed=rehearsed)
        return rehearsed, {"draft": ask.draft, **self.looks.rehearsed(rehearsed)}

    def _plan(self, ask: Draft) -> Answer:
        draft = self._valid(ask.draft)
        with self.ledger.asking():
            ready = make_ready(self.project, PlanPipeline(text=draft.text))
        plan, approved = ready.plan, Approvals(self.project).holds(ready.plan, ready.sensitive)
        self._ask("pipelines.compile", CompilePipeline(text=draft.text))  # it knows what planning has just found out
        self.drafts.put(draft.text, planned=plan.token, approved=approved)
        return plan, {"draft": ask.draft, "planned": plan.token, **in_short(plan, unseen)}

    def _request(self, ask: Draft) -> Answer:
        ready = self._planned(ask.draft)
        store = Approvals(self.project)
        asked = store.ask(ready, assumptions=tuple(self.assumptions), session=self.session)
        if not store.holds(ready.plan, ready.sensitive) and self.person.approve(self._shown(ready)):
            self._granted(store, ready)
        token = ready.plan.token
        if store.holds(ready.plan, ready.sensitive) or policy_for(self.project, ready.plan):
            self.drafts.put(self.drafts.get(ask.draft).text, approved=True)
            return asked, {"draft": ask.draft, "approved": True}
        return asked, {"draft": ask.draft, "approved": False, "waits": f"a person types: osiris approve {token}"}

    def _run(self, ask: Draft) -> Answer:
        ready = self._planned(ask.draft)
        self._agreed(ready)
        text = ready.text.decode("utf-8")
        ask_run = RunPipeline(text=text, approve=ready.plan.token, by_agent=True, said="\n".join(self.wishes))
        report = self._ask("pipelines.run", ask_run)
        self.wishes.clear()
        self.drafts.put(text, approved=False, ran=report.run_id if report.status == "completed" else "")
        short = in_short(report, unseen)
        if "error" in short:
            short["error"] = _veil(short["error"], text)
        return report, short

    def _agreed(self, ready: Ready) -> None:
        """Return once there is a person's recorded yes to exactly this, or a policy.

        Raises:
            ApprovalMissing: there is neither.
        """
        store = Approvals(self.project)
        store.ask(ready, assumptions=tuple(self.assumptions), session=self.session)
        if store.holds(ready.plan, ready.sensitive):
            return
        if not self.person.approve(self._shown(ready)):
            hint = f"ask what should be different; a person can say yes later: osiris approve {ready.plan.token}"
            raise ApprovalMissing("nobody said yes to this plan", hint=hint)
        self._granted(store, ready)

    def _granted(self, store: Approvals, ready: Ready) -> None:
        """Keep the yes; where a policy says it there is nothing to keep."""
        if not policy_for(self.project, ready.plan):
            approval = store.grant(
                ready.plan, "conversation", sensitive=ready.sensitive, assumptions=tuple(self.assumptions)
            )
            self.note("approved", {"id": approval.id, "envelope": approval.envelope})

    def _shown(self, ready: Ready) -> Request:
        text = ready.text.decode("utf-8")
        draft = self.drafts.get(name_of(text))
        last = self.drafts.replaced[-1].before if self.drafts.replaced else None
        policy = policy_for(self.project, ready.plan)
        return Request(
            plan=ready.plan,
            oml=text,
            assumptions=tuple(self.assumptions),
            before=Approvals(self.project).last_text(ready.plan.pipeline) or last or "",
            rehearsed=draft.rehearsed or self._tried(text),
            policy=f"{policy.allowed_by}, until {policy.until}" if policy else "",
        )

    def _tried(self, text: str) -> Rehearsed | None:
        with self.ledger.asking():
            return tried(self.project, RehearsePipeline(text=text))

    def _explain(self, ask: ExplainRun) -> Answer:
        package = self._ask("logs.aiop", ShowPackage(run_id=ask.run_id))
        short = in_short(package, unseen)
        self.evidence.update(evidence_ids(json.dumps(short)))
        return package, short

    def _read(self, ask: ReadResult) -> Answer:
        if ask.result in self.results:
            return None, json.loads(_part(ask.result, self.results[ask.result], ask.offset))
        here = {self.project.shown(file): file for file in self.project.layout.pipelines.glob("*.yaml")}
        if ask.result in here:
            text = unix(here[ask.result].read_text("utf-8", "replace"))
            return None, json.loads(_part(ask.result, text, ask.offset))
        if ask.result in template_names():
            return None, json.loads(_part(ask.result, template_named(ask.result).oml, ask.offset))
        hint = "use the name that the cut answer gave, that of a pipeline as overview shows it, or that of an example"
        raise UsageError(f"there is no result {ask.result!r}", hint=hint)

    def _valid(self, name: str) -> Written:
        draft = self.drafts.get(name)
        if not draft.valid:
            raise UsageError(f"not yet: check {name} first, until it is valid", hint="mend what the findings say")
        return draft

    def _planned(self, name: str) -> Ready:
        """Return a draft as it would run now, if its plan is still what it was.

        Raises:
            UsageError: it was not planned, or something changed since.
        """
        draft = self.drafts.get(name)
        if not draft.planned:
            raise UsageError(f"not yet: plan {name} first", hint="call plan_pipeline")
        with self.ledger.asking():
            ready = make_ready(self.project, PlanPipeline(text=draft.text))
        if ready.plan.token != draft.planned:
            raise UsageError(f"not yet: plan {name} again first", hint="something changed since it was planned")
        return ready


def _looks(operation: str) -> Callable[[Desk, Any], Answer]:
    return lambda desk, ask: desk._look(operation, ask)


_TOOLS: dict[str, Callable[[Desk, Any], Answer]] = {
    "overview": Desk._overview,
    "find_tables": _looks("catalogue.find"),
    "describe_tables": Desk._describe,
    "profile_columns": Desk._profile,
    "query_sample": Desk._query,
    "ask_user": Desk._ask_user,
    "propose_plan": Desk._outline,
    "write_pipeline": Desk._write,
    "check_pipeline": Desk._check,
    "rehearse_pipeline": Desk._rehearse,
    "plan_pipeline": Desk._plan,
    "request_approval": Desk._request,
    "run_pipeline": Desk._run,
    "explain_run": Desk._explain,
    "read_result": Desk._read,
}


def _told(exc: OsirisError, call: Call) -> dict[str, Any]:
    """Return an error's wire form; what a database says is veiled, since it may quote the data."""
    wire = exc.to_dict()
    cause = exc.cause if isinstance(exc, StepFailed) else exc
    if isinstance(cause, OutsideError | CheckFailed):
        return _veil(wire, json.dumps(call.arguments, ensure_ascii=False))
    return _said_only(wire)


def _veil(wire: dict[str, Any], known: str) -> dict[str, Any]:
    return _said_only(wire | {key: veiled(wire[key], known) for key in ("message", "why")})


def _said_only(wire: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wire.items() if value not in ("", False)}


def assumed_in(answer: str) -> Iterator[str]:
    """Yield what an answer of ask_user says was assumed, each as one sentence."""
    try:
        told = json.loads(answer)
    except ValueError:
        return
    answers = told.get("answers") if isinstance(told, dict) else None
    for one in answers if isinstance(answers, list) else ():
        if isinstance(one, dict) and one.get("assumed") is True:
            yield f"{one['question']} {one['answer']}"


def _is_text(text: str) -> bool:
    return clean(text) == text


def _part(name: str, text: str, offset: int) -> str:
    end = offset + MOST_CHARS
    part: dict[str, Any] = {"result": name, "total_chars": len(text), "text": text[offset:end]}
    if end < len(text):
        part["next_offset"] = end
    return json.dumps({"cut": True, **part}, ensure_ascii=False, separators=(",", ":"))

"""Who said yes to what: requests that wait for a person, their yes as a signed record, and standing policies."""

import getpass
import hashlib
import hmac
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ValidationError

from osiris.app.connections import MASKED, identity, references
from osiris.app.environment import own_folder
from osiris.app.operation import Effect, Operation
from osiris.app.pipelines import PlanPipeline, Ready, connection_fingerprints, make_ready
from osiris.app.project import Project
from osiris.model.approval import Approval, Asked, Channel, differences
from osiris.model.canonical import canonical_json, fingerprint
from osiris.model.connection import Reference
from osiris.model.errors import ApprovalMissing, ConfigError, OsirisError, UsageError
from osiris.model.job import NOT_SENSITIVE, Sensitive
from osiris.model.manifest import Manifest
from osiris.model.plan import Plan, PlannedWrite
from osiris.model.settings import Policy

KEY = "approval.key"
KEY_BYTES = 32
FEWEST_DIGITS = 8  # of a hash that a person types
_OTHERS = 0o077  # rights of everybody but the owner
_TABLES = """
CREATE TABLE IF NOT EXISTS asked (envelope TEXT PRIMARY KEY, at TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS approvals (
    id TEXT PRIMARY KEY, envelope TEXT NOT NULL, body BLOB NOT NULL, signature TEXT NOT NULL, used TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS approvals_by_envelope ON approvals (envelope);
"""


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


class ApproveRun(BaseModel):
    """Say yes to exactly one run.

    Attributes:
        name: The token of a plan, the hash of a manifest, or how either begins.
        principal: Who says so; empty means the user of this process.
    """

    name: str
    principal: str = ""


class Approved(BaseModel):
    """The record of a yes."""

    approval: Approval
    token: str


@dataclass(frozen=True)
class Proposed:
    """What a yes would be said to, as it is now.

    Attributes:
        before: The text that was approved last for this pipeline; empty where none was.
    """

    asked: Asked
    ready: Ready
    before: str = ""

    @property
    def plan(self) -> Plan:
        """Return what a run would do."""
        return self.ready.plan


@dataclass(frozen=True)
class Approvals:
    """The requests and the records of one project.

    Attributes:
        clock: Returns the time in UTC; a test passes its own.
        folder: Holds the key that signs; this person's own, never the project's.
    """

    project: Project
    clock: Callable[[], datetime] = now
    folder: Path | None = None

    def ask(self, ready: Ready, *, assumptions: tuple[str, ...] = (), session: str = "", strict: bool = False) -> Asked:
        """Keep what somebody wants to run, until a person looks at it; one that is asked twice is kept once."""
        asked = _asked(self.project, ready, self.clock()).model_copy(
            update={"assumptions": assumptions, "session": session, "strict": strict}
        )
        with self._open() as db:
            row = (asked.envelope, asked.at.isoformat(), asked.model_dump_json())
            db.execute("INSERT OR REPLACE INTO asked VALUES (?, ?, ?)", row)
        return asked

    def find(self, name: str) -> Asked:
        """Return what was asked for, by the hash of its envelope or manifest, or the start of one.

        Raises:
            UsageError: there is no such thing, or there are several.
        """
        if len(name) < FEWEST_DIGITS:
            raise UsageError(f"{name!r} is too short", hint=f"give {FEWEST_DIGITS} digits at least")
        found = self.beginning(name)
        if len(found) > 1:
            raise UsageError(f"several runs begin with {name!r}", hint="give more digits")
        if not found:
            known = ", ".join(asked.envelope[:16] for asked in self._waiting()[:3])
            hint = f"waiting: {known}" if known else "nothing waits; `osiris plan FILE` prints a token"
            raise UsageError(f"nothing with the hash {name} waits for a yes", hint=hint)
        return found[0]

    def beginning(self, name: str) -> list[Asked]:
        """Return everything that was asked for whose envelope, or else whose manifest, has a hash that begins so."""
        waiting = self._waiting()
        found = [asked for asked in waiting if asked.envelope.startswith(name)]
        return found or [asked for asked in waiting if asked.manifest_hash.startswith(name)]

    def grant(
        self,
        plan: Plan,
        channel: Channel,
        *,
        sensitive: Sensitive = NOT_SENSITIVE,
        assumptions: tuple[str, ...] = (),
        principal: str = "",
    ) -> Approval:
        """Keep a person's yes to exactly this plan, signed.

        Args:
            plan: What would run.
            channel: Where they say so.
            sensitive: What the plan's manifest leaves out.
            assumptions: What was assumed where a question had no answer.
            principal: Who says so; empty means the user of this process.

        Raises:
            ConfigError: the key can't be read or made.
        """
        at = self.clock()
        hours = timedelta(hours=self.project.configured.settings.approvals.hours)
        approval = Approval(
            id=secrets.token_hex(8),
            envelope=plan.envelope,
            pipeline=plan.pipeline,
            manifest_hash=plan.manifest_hash,
            lost=tuple(write.step_id for write in plan.writes if write.destructive),
            assumptions=assumptions,
            leads=self._leads(plan, sensitive),
            principal=principal or user(),
            channel=channel,
            granted=at,
            expires=at + hours,
        )
        body = canonical_json(approval.model_dump(mode="json"))
        with self._open() as db:
            row = (approval.id, approval.envelope, body, self._sign(body))
            db.execute("INSERT INTO approvals VALUES (?, ?, ?, ?, NULL)", row)
        return approval

    def take(self, plan: Plan, sensitive: Sensitive = NOT_SENSITIVE) -> Approval | None:
        """Use up a yes to exactly this plan and return it; None where there is none.

        Raises:
            ApprovalMissing: there is none but such as hold no more: what would run may take away what the person was
                not shown, or a connection leads elsewhere than it did then.
        """
        refusal: ApprovalMissing | None = None
        for approval in self._unused(plan.envelope):
            if void := self._void(approval, plan, sensitive):
                refusal = void
                continue
            with self._open() as db:
                used = "UPDATE approvals SET used = ? WHERE id = ? AND used IS NULL"
                if db.execute(used, (self.clock().isoformat(), approval.id)).rowcount:
                    return approval
        if refusal:
            raise refusal
        return None

    def holds(self, plan: Plan, sensitive: Sensitive = NOT_SENSITIVE) -> bool:
        """Return whether there is an unused yes to exactly this plan as things are now; it stays unused."""
        return any(self._void(approval, plan, sensitive) is None for approval in self._unused(plan.envelope))

    def last_text(self, pipeline: str) -> str:
        """Return the text of a pipeline that was approved and run last; empty where none was."""
        if not self.project.layout.history.is_file():
            return ""
        with self._open() as db:
            row = db.execute(
                "SELECT asked.body FROM approvals JOIN asked USING (envelope) WHERE used IS NOT NULL"
                " AND json_extract(asked.body, '$.pipeline') = ? ORDER BY used DESC LIMIT 1",
                (pipeline,),
            ).fetchone()
        return Asked.model_validate_json(row[0]).text if row else ""

    def _void(self, approval: Approval, plan: Plan, sensitive: Sensitive) -> ApprovalMissing | None:
        """Return why a yes to this plan is none any more; None where it is one."""
        hint = f"look again: osiris approve {plan.token}"
        if elsewhere := differences(approval.leads, self._leads(plan, sensitive)):
            return ApprovalMissing(
                "this would touch something else than when it was approved",
                why=f"elsewhere by now: {', '.join(elsewhere)}",
                hint=hint,
            )
        lost = [write for write in plan.writes if write.destructive and write.step_id not in approval.lost]
        if lost:
            return ApprovalMissing(
                "the targets are not what they were when this was approved",
                why="; ".join(write.destructive for write in lost),
                hint=hint,
            )
        return None

    def _leads(self, plan: Plan, sensitive: Sensitive) -> dict[str, str]:
        """Return where a plan leads now: variables in connections may have other values than before.

        What sensitive parameters hold counts, and nobody can guess it from here: it is signed, not hashed.
        """
        values = canonical_json({step_id: dict(settings) for step_id, settings in sensitive.settings.items()})
        named_by = (*(step.reads for step in plan.steps), *(write.target for write in plan.writes))
        used = {name.partition("/")[0] for name in named_by}
        hidden = {"the sensitive parameters": self._sign(values)} if sensitive.settings else {}
        return (
            {"the project": fingerprint(str(self.project.root))}
            | hidden
            | {
                str(reference): identity(self.project, reference)
                for reference in references(self.project)
                if str(reference) in used or _holds_files(self.project, reference)
            }
        )

    def _unused(self, envelope: str) -> list[Approval]:
        """Return the records that hold now: signed by this person's key, neither used nor expired."""
        if not self.project.layout.history.is_file():
            return []
        with self._open() as db:
            rows = db.execute(
                "SELECT id, body, signature FROM approvals WHERE envelope = ? AND used IS NULL", (envelope,)
            ).fetchall()
        found = []
        for name, body, signature in rows:
            if not hmac.compare_digest(self._sign(body), signature):
                continue
            approval = Approval.model_validate_json(body)
            if (approval.id, approval.envelope) == (name, envelope) and self.clock() < approval.expires:
                found.append(approval)
        return found

    def _waiting(self) -> list[Asked]:
        if not self.project.layout.history.is_file():
            return []
        with self._open() as db:
            rows = db.execute("SELECT body FROM asked ORDER BY at DESC").fetchall()
        return [Asked.model_validate_json(body) for (body,) in rows]

    def _sign(self, body: bytes) -> str:
        return hmac.new(self._key(), body, hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        file = (self.folder or own_folder()) / KEY
        try:
            if not file.exists():
                _make_key(file)
            if file.stat().st_mode & _OTHERS:
                raise ConfigError("others may read the key that signs approvals", where=str(file), hint="chmod 600 it")
            key = file.read_bytes()
        except OSError as exc:
            hint = "make the folder writable, or set XDG_CONFIG_HOME to one that is"
            raise ConfigError(
                f"cannot use the key that signs approvals: {exc.strerror}", where=str(file), hint=hint
            ) from exc
        if len(key) != KEY_BYTES:
            hint = "move it away; the next yes makes a new one"
            raise ConfigError("the key that signs approvals is damaged", where=str(file), hint=hint)
        return key

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        file = self.project.layout.history
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(file, timeout=30)) as db, db:
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(_TABLES)
                yield db
        except (OSError, sqlite3.Error, ValidationError) as exc:
            hint = "check the folder and its rights; a damaged file can be moved away"
            raise UsageError(f"cannot use the approvals in {file}: {exc}", hint=hint) from exc


def proposed(project: Project, name: str, approvals: Approvals | None = None) -> Proposed:
    """Return what a yes would be said to: what waits under that hash, or a pipeline or manifest that has it.

    Raises:
        UsageError: nothing has that hash.
        ApprovalMissing: it is not any more what was asked for; says which part changed.
    """
    store = approvals or Approvals(project)
    try:
        asked = store.find(name)
    except UsageError:
        several = len(name) < FEWEST_DIGITS or store.beginning(name)
        if several or (ready := _anywhere(project, name)) is None:
            raise
        asked = _asked(project, ready, store.clock())
    else:
        ready = _again(project, asked)
    return Proposed(asked, ready, store.last_text(asked.pipeline))


def approve_run(project: Project, ask: ApproveRun) -> Approved:
    """Say yes to exactly one run, after a look at what it would do.

    Raises:
        ApprovalMissing: the person says no, or nobody can be asked.
    """
    store = Approvals(project)
    found = proposed(project, ask.name, store)
    if not project.door.confirm(found.plan):
        raise ApprovalMissing("nobody said yes to this plan", hint=f"osiris approve {found.plan.token}, at a terminal")
    store.ask(found.ready, assumptions=found.asked.assumptions, session=found.asked.session)
    approval = store.grant(
        found.plan,
        "command",
        sensitive=found.ready.sensitive,
        assumptions=found.asked.assumptions,
        principal=ask.principal,
    )
    return Approved(approval=approval, token=found.plan.token)


def policy_for(project: Project, plan: Plan, clock: Callable[[], datetime] = now) -> Policy | None:
    """Return the standing policy that lets a plan run, or None."""
    today = clock().date()
    policies = (policy for policy in project.configured.settings.approvals.policies if today <= policy.until)
    return next((policy for policy in policies if _covers(policy, plan)), None)


def allowed(project: Project, plan: Plan, sensitive: Sensitive = NOT_SENSITIVE) -> Approval | Policy | None:
    """Return what lets a plan run without a question: a yes, which is used up by this, or a policy; or None.

    Raises:
        ApprovalMissing: there is no policy, and no yes but such as hold no more.
    """
    policy = policy_for(project, plan)
    try:
        return Approvals(project).take(plan, sensitive) or policy
    except ApprovalMissing:
        if policy is None:
            raise
        return policy


def effect_of(write: PlannedWrite) -> str:
    """Return what a write may do to what is there: `add`, `merge` or `replace`."""
    return write.write_mode if write.destructive else "add"


def line_to_add(plan: Plan) -> str:
    """Return the policy that would let exactly this manifest run, as `osiris.yaml` has it."""
    return f"approvals: {{policies: [{{manifest: '{plan.manifest_hash[:16]}', allowed_by: NAME, until: YYYY-MM-DD}}]}}"


def parts_of(project: Project, manifest: Manifest) -> dict[str, str]:
    """Return what an envelope covers, each as a hash, by what people call it."""
    prints = manifest.fingerprints
    connections = connection_fingerprints(project, manifest)
    return {
        "the pipeline's text": prints.oml,
        "the parameters": prints.params,
        "the profile": prints.profile,
        "a component's version": prints.components,
        "the tables that it reads": prints.catalogue,
        "the compiler": prints.compiler,
        "the manifest": manifest.hash(),
        **{f"the connection {name}": value for name, value in connections.items()},
    }


def _holds_files(project: Project, reference: Reference) -> bool:
    """Return whether a connection leads to files: a plan names these by their paths alone."""
    name = reference.family
    return name not in project.registry.loaders or project.registry.family(name).desk is None


def _covers(policy: Policy, plan: Plan) -> bool:
    if policy.manifest:
        return plan.manifest_hash.startswith(policy.manifest)
    return all(
        effect_of(write) in policy.effects
        and (not policy.targets or any(fnmatchcase(write.target, pattern) for pattern in policy.targets))
        for write in plan.writes
    )


def _asked(project: Project, ready: Ready, at: datetime) -> Asked:
    return Asked(
        envelope=ready.plan.envelope,
        pipeline=ready.plan.pipeline,
        manifest_hash=ready.plan.manifest_hash,
        parts=parts_of(project, ready.manifest),
        text=ready.text.decode("utf-8"),
        params={name: value for name, value in ready.plan.params.items() if value != MASKED},
        profile=ready.plan.profile,
        at=at,
    )


def _again(project: Project, asked: Asked) -> Ready:
    """Return what was asked for, planned again.

    Raises:
        ApprovalMissing: it is not the same any more.
    """
    ready = make_ready(project, PlanPipeline(text=asked.text, params=asked.params, strict=asked.strict))
    if ready.plan.envelope != asked.envelope:
        changed = ", ".join(differences(asked.parts, parts_of(project, ready.manifest)))
        raise ApprovalMissing(
            "what would run is not what was asked for",
            why=f"changed since: {changed}",
            hint="have it planned again",
        )
    return ready


def _anywhere(project: Project, name: str) -> Ready | None:
    """Return the manifest or the pipeline of the project that has this hash, planned; None where none has."""
    layout = project.layout
    candidates = [PlanPipeline(file=str(file)) for file in sorted(layout.build.glob("*/*/manifest.yaml"))]
    candidates += [PlanPipeline(file=str(file)) for file in sorted(layout.pipelines.glob("*.y*ml"))]
    for candidate in candidates:
        try:
            ready = make_ready(project, candidate)
        except OsirisError:
            continue
        if ready.plan.envelope.startswith(name) or ready.plan.manifest_hash.startswith(name):
            return ready
    return None


def _make_key(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(secrets.token_bytes(KEY_BYTES))


def user() -> str:
    """Return who uses this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


PIPELINES_APPROVE = Operation("pipelines.approve", ApproveRun, Approved, approve_run, Effect.GRANTS)

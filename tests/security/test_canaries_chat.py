"""A conversation takes no secret out of the house: not by a request, and not by anything it leaves behind."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.e2e.keyboard import Done, typed
from tests.security.canaries import FORMS, SECRETS
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.llm.talking import WIRES, address, live
from tests.unit.agent.shop import OML, OUTLINE, Willing, shop

from osiris.agent.desk import Desk
from osiris.agent.talk import Said, Talk
from osiris.agent.turn import turn
from osiris.app.connections import secret_values
from osiris.app.project import Project
from osiris.observe.redact import Redactor

pytestmark = pytest.mark.slow
KEYS = {  # pragma: allowlist secret
    "ANTHROPIC_API_KEY": "sk-ant-canary-4711-abcdef",  # pragma: allowlist secret
    "OPENAI_API_KEY": "sk-canary-0815-ghijkl",  # pragma: allowlist secret
    "GEMINI_API_KEY": "AIza-canary-1234-mnopqr",  # pragma: allowlist secret
}
PASSWORD = SECRETS["with signs of URLs"]
TOKEN = SECRETS["beyond ASCII"]
QUOTED = SECRETS["with quotes"]
HIDDEN = (*KEYS.values(), PASSWORD, TOKEN, QUOTED)
SOURCES = {".env", "osiris_connections.yaml", "shop.duckdb", "leaky.yaml", "OSIRIS.md"}  # where a person put one
WAYS = ("plain", "percent-encoded", "in JSON", "in JSON as it is", "in base64", "in hexadecimal digits", "in SQL")
CONNECTIONS = """\
duckdb:
  shop: {path: shop.duckdb, default: true}
  locked: {path: shop.duckdb, password: '${PW}'}
postgres:
  dw: {host: 127.0.0.1, port: 1, database: d, user: u, password: '${TOKEN}'}
mysql:
  crm: {url: 'mysql://root:plain-canary-99@127.0.0.1:1/d', password: '${QUOTED}'}  # pragma: allowlist secret
"""
INLINE = "plain-canary-99"  # pragma: allowlist secret
LOOKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("overview", {}),
    ("describe_tables", {"connection": "@duckdb.shop", "tables": ["orders", "secrets"]}),
    ("describe_tables", {"connection": "@postgres.dw", "tables": ["t"]}),
    ("describe_tables", {"connection": "@mysql.crm", "tables": ["t"]}),
    ("profile_columns", {"connection": "@duckdb.shop", "table": "secrets"}),
    ("query_sample", {"connection": "@duckdb.shop", "sql": "SELECT * FROM secrets"}),
    ("query_sample", {"connection": "@duckdb.shop", "sql": "SELECT kept::INTEGER FROM secrets"}),
    ("query_sample", {"connection": "@duckdb.shop", "sql": "SELECT * FROM read_text('.env')"}),
    ("query_sample", {"connection": "@duckdb.shop", "sql": "SELECT getenv('OPENAI_API_KEY')"}),
    ("read_result", {"result": "pipelines/leaky.yaml"}),
    ("read_result", {"result": ".env"}),
    ("propose_plan", OUTLINE),
    ("write_pipeline", {"text": OML}),
    ("write_pipeline", {"text": OML.replace("duckdb.shop", "postgres.dw").replace("by-status", "other")}),
)  # fmt: skip


def guarded(folder: Path, settings: str = "") -> Project:
    """Make a project with a secret everywhere that a secret can be."""
    shop(folder, settings=settings)
    with duckdb.connect(folder / "shop.duckdb") as db:
        db.execute("CREATE TABLE secrets (id BIGINT, kept TEXT)")
        for number, secret in enumerate((*HIDDEN, INLINE)):
            db.execute("INSERT INTO secrets VALUES (?, ?)", [number, f"it is {secret}"])
        db.execute(f"COMMENT ON TABLE secrets IS '{PASSWORD}'")
        db.execute(f"COMMENT ON COLUMN secrets.kept IS 'say {TOKEN}'")
        db.execute(f"""CREATE TABLE "{KEYS["OPENAI_API_KEY"]}" (a BIGINT)""")
    told = {**KEYS, "PW": PASSWORD, "TOKEN": TOKEN}
    lines = [f"{name}='{value}'" for name, value in told.items()]
    (folder / ".env").write_text("\n".join([*lines, f'QUOTED="{_in_env(QUOTED)}"', ""]), "utf-8")
    (folder / "osiris_connections.yaml").write_text(CONNECTIONS, "utf-8")
    (folder / "pipelines").mkdir(exist_ok=True)
    (folder / "pipelines" / "leaky.yaml").write_text(OML.replace("paid", PASSWORD) + f"# {TOKEN}\n", "utf-8")
    return Project.open(folder, exported={})


def _in_env(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def leaks(content: bytes) -> list[str]:
    """Return what is in some bytes that must not be, in any of the ways that one writes it."""
    text = content.decode("utf-8", "replace")
    return [f"{secret} {way}" for secret in (*HIDDEN, INLINE) for way in WAYS if FORMS[way](secret) in text]


def left_behind(folder: Path) -> dict[str, bytes]:
    """Return what a conversation has written."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in SOURCES)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_secrets_of_this_project_are_known(tmp_path: Path) -> None:
    """What is not known can't be found, and everything below would be true of nothing."""
    project = guarded(tmp_path)
    assert {*HIDDEN, INLINE} <= {part for value in secret_values(project) for part in (value, *_inside(value))}
    assert leaks(f"postgres://u:{FORMS['percent-encoded'](PASSWORD)}@h".encode())


def _inside(value: str) -> list[str]:
    return [INLINE] if INLINE in value else []


@pytest.mark.parametrize("wire", WIRES)
def test_no_request_holds_one_whatever_the_model_asks_for(tmp_path: Path, wire: str) -> None:
    """The person lets it see values as they are, and it looks wherever a secret lies."""
    project = guarded(tmp_path, "agent: {sampling: raw}\n")
    with LlmServer([Reply("Let me look.", LOOKS), Reply("That is all.")]) as server:
        model = live(server, wire, redact=Redactor((*secret_values(project), *KEYS.values())))
        desk = Desk(project, Willing())
        said = list(turn(Talk("be brief"), "look everywhere", llm=model, desk=desk))
    assert said[-1] == Said("agent", "That is all.")
    assert len(server.bodies) == 2
    assert [leaks(body) for body in server.bodies if leaks(body)] == []
    assert "it is ***" in server.heard()
    assert len(model.ledger.entries) == len(server.bodies)
    assert leaks(repr(model.ledger.entries).encode()) == []


def settings_of(wire: str, server: LlmServer) -> str:
    return f"llm: {{provider: {wire}, model: test, base_url: '{address(server, wire)}'}}\nagent: {{sampling: raw}}\n"


def talked(folder: Path, server: LlmServer, wire: str, sentence: str) -> Done:
    guarded(folder, settings_of(wire, server))
    return typed(folder, "chat", "--yes", "--show-prompt", "-v", "--once", sentence)


@pytest.mark.parametrize("wire", WIRES)
def test_nothing_that_a_conversation_leaves_behind_holds_one(tmp_path: Path, wire: str) -> None:
    """Neither the log of the conversation with its ledger, nor any file, nor the screen; even if a person types one."""
    with LlmServer([Reply("Let me look.", LOOKS), Reply("That is all.")]) as server:
        done = talked(tmp_path, server, wire, f"log in with {PASSWORD} and {KEYS['GEMINI_API_KEY']}")
    assert done.code == 0, done.err
    assert len(server.bodies) == 2
    assert [leaks(body) for body in server.bodies if leaks(body)] == []
    assert leaks(done.out.encode()) + leaks(done.err.encode()) == []
    kept = left_behind(tmp_path)
    assert any(name.startswith(".osiris_sessions") for name in kept)
    assert {name: leaks(content) for name, content in kept.items() if leaks(content)} == {}
    assert "log in with ***" in server.heard()


@pytest.mark.parametrize("wire", WIRES)
def test_an_error_of_the_server_that_repeats_one_is_shown_without_it(tmp_path: Path, wire: str) -> None:
    said = f"{KEYS['OPENAI_API_KEY']} and {PASSWORD} are wrong; so is {FORMS['in base64'](TOKEN)}"
    with LlmServer([Reply(said, status=401)]) as server:
        done = talked(tmp_path, server, wire, "hello")
    assert done.code == 5
    assert "answers 401" in done.err
    assert leaks(done.out.encode()) + leaks(done.err.encode()) == []
    assert {name: leaks(content) for name, content in left_behind(tmp_path).items() if leaks(content)} == {}


@pytest.mark.parametrize("wire", WIRES)
def test_a_model_that_says_one_itself_says_it_to_nobody(tmp_path: Path, wire: str) -> None:
    """It can't know one; if it does, neither the screen shows it, nor does the next request take it back out."""
    said = f"it is {PASSWORD}, as you know, and more than that can not be said about it"
    with LlmServer([Reply(said, (("find_tables", {"words": TOKEN}),)), Reply("thanks")]) as server:
        done = talked(tmp_path, server, wire, "hello")
    assert done.code == 0
    assert len(server.bodies) == 2
    assert "it is ***, as you know" in done.out
    assert "it is ***, as you know" in server.heard()
    assert [leaks(body) for body in server.bodies if leaks(body)] == []
    assert leaks(done.out.encode()) + leaks(done.err.encode()) == []
    assert {name: leaks(content) for name, content in left_behind(tmp_path).items() if leaks(content)} == {}


def test_rules_of_the_project_that_hold_one_are_not_sent(tmp_path: Path) -> None:
    with LlmServer([Reply("thanks")]) as server:
        guarded(tmp_path, settings_of("compatible", server))
        (tmp_path / "OSIRIS.md").write_text(f"log in with {PASSWORD}\n", "utf-8")
        done = typed(tmp_path, "chat", "--yes", "--once", "hello")
    assert server.bodies == []
    assert "holds a secret, so it is not sent" in done.err


@pytest.mark.parametrize("wire", ["anthropic", "google", "responses"])
def test_a_key_goes_to_its_own_provider_alone(tmp_path: Path, wire: str) -> None:
    own = {"anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY", "responses": "OPENAI_API_KEY"}[wire]
    with LlmServer([Reply("hello")]) as server:
        assert talked(tmp_path, server, wire, "hello").code == 0
    assert [name for name, key in KEYS.items() if key in server.keys[0]] == [own]

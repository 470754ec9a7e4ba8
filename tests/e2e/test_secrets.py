"""A secret is in no output and in no file but the one it was written into."""

from pathlib import Path

import pytest
from tests.e2e.keyboard import typed
from tests.unit.app.projects import PIPELINE, with_shop

KEY = "sk-canary-7f3a91"  # pragma: allowlist secret
PASSWORD = "canary-hunter2"  # pragma: allowlist secret
PARAM = "canary-parameter"
COMMANDS = (
    ("connections", "list"),
    ("connections", "doctor"),
    ("validate",),
    ("compile", "pipelines/keyed.yaml"),
    ("plan", "pipelines/keyed.yaml"),
    ("run", "pipelines/keyed.yaml"),
    ("run", "pipelines/wrong.yaml"),
    ("logs", "list"),
    ("logs", "show"),
    ("logs", "aiop"),
    ("logs", "aiop", "--format", "md"),
)
KEYED = PIPELINE.replace("name: cities", "name: keyed").replace(
    "  least: {type: integer, default: 200000}\n",
    "  least: {type: integer, default: 200000}\n  who: {type: string, default: nobody, sensitive: true}\n",
).replace("WHERE people", "WHERE city <> ${params.who} AND people").replace("large.csv", "keyed.csv")  # fmt: skip


def guarded(folder: Path) -> Path:
    """Make a project with a key, a password that a connection names, and a parameter that is not to be seen."""
    with_shop(folder)
    (folder / ".env").write_text(f"OPENAI_API_KEY={KEY}\nPW={PASSWORD}\nOSIRIS_PARAM_WHO={PARAM}\n", "utf-8")
    (folder / "osiris_connections.yaml").write_text(
        "duckdb:\n"
        "  shop: {path: data/shop.duckdb, default: true}\n"
        "  odd: {path: data/shop.duckdb, password: '${PW}'}\n"
        f"mysql:\n  crm: {{host: h, password: '${{PW}}', url: 'mysql://root:{PASSWORD}@h/db'}}\n",
        "utf-8",
    )
    (folder / "pipelines" / "keyed.yaml").write_text(KEYED, "utf-8")
    (folder / "pipelines" / "wrong.yaml").write_text(
        KEYED.replace("name: keyed", "name: wrong")
        .replace("city <>", "error(concat('no: ', ")
        .replace(" AND people", ")) IS NULL AND people"),
        "utf-8",
    )
    return folder


@pytest.mark.parametrize("how", [(), ("--json",), ("-v",)])
def test_no_command_shows_one_and_no_file_keeps_one(tmp_path: Path, how: tuple[str, ...]) -> None:
    guarded(tmp_path)
    codes = set()
    for words in COMMANDS:
        done = typed(tmp_path, *words, *how)
        codes.add(done.code)
        for secret in (KEY, PASSWORD, PARAM):
            assert secret not in done.out, words
            assert secret not in done.err, words
        assert "OSR-000" not in done.out + done.err, words
    assert {0, 2, 5} <= codes
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and "data" not in path.parts]
    written = [path for path in kept if path.name not in {".env", "osiris_connections.yaml"}]
    assert any(path.name == "events.jsonl" for path in written)
    for path in written:
        content = path.read_bytes()
        assert not [s for s in (KEY, PASSWORD, PARAM) if s.encode() in content], path

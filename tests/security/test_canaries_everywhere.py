"""Secrets of ten kinds, planted wherever one may stand, are in no file that Osiris wrote and in nothing it printed."""

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml
from tests.e2e.keyboard import Done, started, typed
from tests.security.canaries import FORMS, SECRETS
from tests.unit.app.projects import CITIES

# Business values that merely look like the secrets.
LOOKALIKES = ("correct horse, wrong battery", "1918273645", "Zlutoucky-kun", "tok_abcdefghij", "p@ss/w:rd")
LONGER = LOOKALIKES[1]  # a number that holds one of the secrets by chance, and stays
LEAST = 6  # characters of a piece that would identify a secret
GOOD = """\
oml_version: "0.1.0"
name: good
metadata: {intent: "find %s"}
params:
  who: {type: string, sensitive: true}
steps:
  - id: cities
    component: filesystem.csv_extractor
    mode: read
    config: {path: data/cities.csv, columns: {people: bigint}}
  - id: chosen
    component: duckdb.processor
    mode: transform
    needs: [cities]
    config: {query: "SELECT city, people FROM cities WHERE city <> ${params.who}"}
  - {id: write, component: filesystem.csv_writer, mode: write, needs: [chosen], config: {path: output/good.csv}}
"""
# The database puts the parameter into its own complaint.
QUERY = GOOD.replace("name: good", "name: query").replace("good.csv", "query.csv").replace(
    "city <> ${params.who}", "city <> error('refused: ' || ${params.who} || ' for ' || city)"
)  # fmt: skip
SERVER = """\
oml_version: "0.1.0"
name: server
steps:
  - {id: read, component: %s.extractor, mode: read, config: {connection: "@%s.away", query: SELECT 1 AS n}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: output/server.csv}}
"""
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("connections", "list"),
    ("connections", "doctor"),
    ("validate",),
    ("discover",),
    ("compile", "pipelines/good.yaml"),
    ("plan", "pipelines/good.yaml", "--html", "plan.html"),
    ("run", "pipelines/good.yaml", "-v"),
    ("run", "pipelines/query.yaml"),
    ("run", "pipelines/mysql.yaml", "-v"),
    ("run", "pipelines/postgres.yaml"),
    ("run", "pipelines/no-such-file.yaml"),
    ("logs", "list"),
    ("logs", "show", "-v"),
    ("logs", "aiop", "--policy", "annex"),
    ("logs", "aiop", "--for-llm", "3000"),
    ("logs", "aiop", "openlineage"),
    ("logs", "aiop", "list"),
    ("export", "openlineage", "pipelines/good.yaml"),
    ("logs", "html", "--all"),
    ("mempack",),
)


@dataclass(frozen=True)
class Planted:
    """A project with one secret in many places."""

    folder: Path
    secret: str

    @property
    def variables(self) -> dict[str, str]:
        return dict.fromkeys(("SECRET", "OSIRIS_PARAM_WHO", "OPENAI_API_KEY"), self.secret)

    def written(self) -> Iterator[tuple[str, str]]:
        """Yield every file that is not the person's own, with its text; databases and archives as bytes they hold."""
        own = {"osiris_connections.yaml", ".env", "cities.csv", "shop.duckdb"}
        for file in sorted(self.folder.rglob("*")):
            mine = file.parent.name == "pipelines" or file.name in own
            if file.is_file() and not mine:
                text = file.read_bytes().decode("utf-8", "replace")
                yield file.relative_to(self.folder).as_posix(), text.replace(LONGER, "")


def planted(folder: Path, secret: str) -> Planted:
    url = FORMS["percent-encoded"](secret)
    connections = {
        "mysql": {"away": {"host": "127.0.0.1", "port": 1, "user": "u", "database": "d", "password": "${SECRET}"}},
        "postgres": {"away": {"url": f"postgresql://u:{url}@127.0.0.1:1/d"}},
        "duckdb": {"shop": {"path": "data/shop.duckdb"}},
    }
    pipelines = {
        "good": GOOD % LOOKALIKES[0],
        "query": QUERY % LOOKALIKES[0],
        "mysql": SERVER % ("mysql", "mysql"),
        "postgres": SERVER.replace("name: server", "name: server-two") % ("postgres", "postgres"),
    }
    (folder / "pipelines").mkdir(parents=True)
    (folder / "data").mkdir()
    rows = "".join(f'"{text}",1\n' for text in LOOKALIKES)
    (folder / "data" / "cities.csv").write_text(CITIES + rows, "utf-8")
    with duckdb.connect(folder / "data" / "shop.duckdb") as shop:
        quoted = FORMS["in SQL"](secret)
        shop.execute(f"CREATE TABLE t (a INTEGER, b ENUM ({quoted}, 'paid'))")
        shop.execute(f"COMMENT ON TABLE t IS {quoted}")
        shop.execute(f"COMMENT ON COLUMN t.a IS 'sign on by {secret.encode().hex()}'")
    (folder / "osiris_connections.yaml").write_text(yaml.safe_dump(connections, allow_unicode=True), "utf-8")
    for name, text in pipelines.items():
        (folder / "pipelines" / f"{name}.yaml").write_text(text, "utf-8")
    return Planted(folder, secret)


def seen(secret: str, text: str) -> list[str]:
    """Return in which forms a secret is in a text; none of this is the redactor's."""
    forms = {name: form(secret) for name, form in FORMS.items()}
    found = [name for name, form in forms.items() if len(form) >= LEAST and form in text]
    if re.sub(r"\s+", "", secret) in re.sub(r"\s+", "", text):
        found.append("split over lines")
    inner = base64.b64encode(b"xx" + secret.encode())[4:-4].decode()
    if len(inner) > LEAST and inner in text:
        found.append("inside base64")
    if any(line in text for line in secret.split("\n") if len(line) >= 2 * LEAST):
        found.append("a line of it")
    return found


def check(project: Planted, do: Callable[..., Done]) -> None:
    """Type every command, and look for the secret in what it says and in what it leaves."""
    codes = []
    for number, words in enumerate(COMMANDS):
        done = do(project.folder, *words, *(["--json"] if number % 3 == 2 else []))
        codes.append(done.code)
        for channel, text in (("out", done.out), ("err", done.err)):
            assert seen(project.secret, text) == [], (words, channel, text[-2000:])
        assert "OSR-000" not in done.out + done.err, (words, done.err)
    assert {0, 1, 2, 5} <= set(codes)
    files = dict(project.written())
    names = {Path(name).name for name in files}
    assert {"events.jsonl", "aiop.json", "report.html", "run-card.md", "frozen.json", "mempack.md"} <= names
    assert {"plan.html", "duckdb.shop.json"} <= names
    for name, text in files.items():
        assert seen(project.secret, text) == [], name


@pytest.mark.slow
@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_in_any_file_or_output(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = planted(tmp_path / "project", SECRETS[kind])
    for name, value in project.variables.items():
        monkeypatch.setenv(name, value)
    check(project, typed)


@pytest.mark.slow
def test_no_secret_is_in_any_file_or_output_of_a_process(tmp_path: Path) -> None:
    project = planted(tmp_path / "project", SECRETS["of two lines"])
    check(project, lambda folder, *words: started(folder, *words, privileged=True, **project.variables))


@pytest.mark.slow
def test_business_values_that_look_like_secrets_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = planted(tmp_path / "project", SECRETS["with blanks"])
    for name, value in project.variables.items():
        monkeypatch.setenv(name, value)
    assert typed(project.folder, "run", "pipelines/good.yaml").code == 0
    written = (project.folder / "output" / "good.csv").read_text("utf-8")
    assert [text for text in LOOKALIKES if text not in written] == []
    record = json.loads(typed(project.folder, "logs", "aiop").out)
    assert record["narrative"]["intent"][0]["text"] == f"find {LOOKALIKES[0]}"


def test_a_secret_in_any_form_would_be_seen() -> None:
    for secret, (name, form) in itertools.product(SECRETS.values(), FORMS.items()):
        assert seen(secret, f"before {form(secret)} after"), name

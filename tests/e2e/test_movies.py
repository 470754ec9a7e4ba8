"""The five published shapes of pipelines, written for Osiris 0.3 to 0.5, run unmodified on a database of movies."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.e2e.keyboard import typed
from tests.services import mysql, postgres
from tests.services.shared import Server

TABLES = {
    "movies": "movie_id INT PRIMARY KEY, title VARCHAR(80) NOT NULL, release_year SMALLINT, budget DECIMAL(15,2)",
    "directors": "director_id INT PRIMARY KEY, name VARCHAR(60), born DATE",
    "reviews": "review_id BIGINT PRIMARY KEY, movie_id INT, rating DECIMAL(3,1), comment TEXT, reviewed_at DATETIME",
}
ROWS = {
    "movies": "(1,'Amélie',2001,77000000.00),(2,'Alien',1979,11000000.50),(3,'“Heat”, 1995',1995,NULL)",
    "directors": "(1,'Jean-Pierre Jeunet','1953-09-03'),(2,'Ridley Scott',NULL)",
    "reviews": "(1,1,9.5,'très bien 🎬','2024-02-29 12:30:00'),(2,1,8.0,'',NULL),(3,2,7.5,NULL,'2024-01-01 00:00:00'),"
    "(4,2,10.0,'say \"aah\"\nagain','2023-12-31 23:59:59')",
}
CONNECTIONS = """\
version: 1
connections:
  mysql:
    db_movies:
      host: ${MYSQL_HOST}
      port: %(mysql_port)s
      database: %(mysql)s
      user: %(mysql_user)s
      password: ${MYSQL_PASSWORD}
      default: true
  supabase:
    main:
      url: https://movies.supabase.co
      service_role_key: ${SUPABASE_SERVICE_ROLE_KEY}
      pg_dsn: ${SUPABASE_PG_DSN}
"""
RATINGS = """\
  - id: extract-movies
    component: mysql.extractor
    mode: read
    config:
      connection: "@mysql.db_movies"
      query: |
        SELECT m.movie_id, m.title, r.rating
        FROM movies m
        JOIN reviews r ON r.movie_id = m.movie_id
  - id: transform-ratings
    component: duckdb.processor
    mode: transform
    needs: [extract-movies]
    config:
      query: |
        SELECT movie_id, title, AVG(rating) AS average, COUNT(*) AS reviews
        FROM input_df
        GROUP BY movie_id, title
        ORDER BY movie_id
"""


@dataclass(frozen=True)
class Cinema:
    """A project, and both servers."""

    folder: Path
    source: Server
    target: Server

    def run(self, steps: str) -> None:
        """Run a pipeline of these steps."""
        (self.folder / "pipeline.yaml").write_text(f'oml_version: "0.1.0"\nname: movies\nsteps:\n{steps}', "utf-8")
        done = typed(self.folder, "run", "pipeline.yaml", "--json")
        assert done.code == 0, done.err + done.out

    def found(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the target holds."""
        return postgres.ask(self.target, statement)


@pytest.fixture
def cinema(tmp_path: Path) -> Iterator[Cinema]:
    with mysql.database() as source, postgres.database() as target:
        for table, columns in TABLES.items():
            mysql.ask(source, f"CREATE TABLE {table} ({columns})", f"INSERT INTO {table} VALUES {ROWS[table]}")
        names = {"mysql": source.database, "mysql_port": source.port, "mysql_user": source.user}
        (tmp_path / "osiris_connections.yaml").write_text(CONNECTIONS % names, "utf-8")
        password = quote(target.password, safe="")
        dsn = f"postgresql://{target.user}:{password}@{target.host}:{target.port}/{target.database}"
        secrets = {
            "MYSQL_HOST": source.host,
            "MYSQL_PASSWORD": source.password,
            "SUPABASE_SERVICE_ROLE_KEY": "no-need-of-it",  # pragma: allowlist secret
            "SUPABASE_PG_DSN": dsn,
        }
        (tmp_path / ".env").write_text("".join(f'{name}="{value}"\n' for name, value in secrets.items()), "utf-8")
        yield Cinema(tmp_path, source, target)


def test_all_tables_to_csv(cinema: Cinema) -> None:
    cinema.run(
        "".join(
            f"""\
  - id: extract-{table}
    component: mysql.extractor
    mode: read
    config: {{connection: "@mysql.db_movies", query: "SELECT * FROM {table}"}}
  - id: write-{table}-csv
    component: filesystem.csv_writer
    mode: write
    needs: [extract-{table}]
    config: {{path: "output/{table}.csv", delimiter: ",", encoding: "utf-8", header: true, newline: "lf"}}
"""
            for table in TABLES
        )
    )
    assert (cinema.folder / "output" / "movies.csv").read_text("utf-8") == (
        "movie_id,title,release_year,budget\n"
        "1,Amélie,2001,77000000.00\n"
        "2,Alien,1979,11000000.50\n"
        '3,"“Heat”, 1995",1995,\n'
    )
    assert (cinema.folder / "output" / "reviews.csv").read_text("utf-8") == (
        "review_id,movie_id,rating,comment,reviewed_at\n"
        "1,1,9.5,très bien 🎬,2024-02-29 12:30:00\n"
        '2,1,8.0,"",\n'
        "3,2,7.5,,2024-01-01 00:00:00\n"
        '4,2,10.0,"say ""aah""\nagain",2023-12-31 23:59:59\n'
    )


def test_all_tables_to_supabase(cinema: Cinema) -> None:
    cinema.run(
        "".join(
            f"""\
  - id: extract-{table}
    component: mysql.extractor
    mode: read
    config: {{connection: "@mysql.db_movies", table: {table}}}
  - id: write-{table}
    component: supabase.writer
    mode: write
    needs: [extract-{table}]
    config: {{connection: "@supabase.main", table: {table}, write_mode: append, create_if_missing: true}}
"""
            for table in TABLES
        )
    )
    for table, described in TABLES.items():
        columns = ", ".join(f"CAST({column.split()[0]} AS text)" for column in described.split(", "))
        as_text = columns.replace(" AS text", " AS CHAR")
        theirs = mysql.ask(cinema.source, f"SELECT {as_text} FROM {table} ORDER BY 1")
        assert cinema.found(f"SELECT {columns} FROM {table} ORDER BY 1") == theirs
    kinds = cinema.found(
        "SELECT column_name, data_type, numeric_precision, numeric_scale FROM information_schema.columns "
        "WHERE table_name = 'movies' AND column_name IN ('movie_id', 'budget') ORDER BY 1"
    )
    assert kinds == [("budget", "numeric", 15, 2), ("movie_id", "integer", 32, 0)]


@pytest.mark.parametrize(("mode", "times", "rows"), [("replace", 2, 2), ("append", 2, 4)])
def test_mysql_through_duckdb_to_supabase(cinema: Cinema, mode: str, times: int, rows: int) -> None:
    steps = f"""{RATINGS}\
  - id: write-ratings
    component: supabase.writer
    mode: write
    needs: [transform-ratings]
    config:
      connection: "@supabase.main"
      table: ratings
      write_mode: {mode}
      create_if_missing: true
"""
    cinema.run(steps)
    if mode == "replace":  # what is there may be replaced by exactly this plan only
        plan = typed(cinema.folder, "plan", "pipeline.yaml", "--json").document
        token = plan["approval_token"]
        assert typed(cinema.folder, "run", "pipeline.yaml", "--json").code == 6
        assert typed(cinema.folder, "run", "pipeline.yaml", "--approve", token, "--json").code == 0
    else:
        for _ in range(times - 1):
            cinema.run(steps)
    found = cinema.found("SELECT movie_id, title, average, reviews FROM ratings ORDER BY movie_id")
    assert len(found) == rows
    assert set(found) == {(1, "Amélie", 8.75, 2), (2, "Alien", 8.75, 2)}


def test_a_debug_tee_shows_what_is_on_its_way(cinema: Cinema) -> None:
    cinema.run(
        RATINGS
        + """\
  - id: debug-extracted
    component: filesystem.csv_writer
    mode: write
    needs: [extract-movies]
    config: {path: output/debug_extracted.csv}
  - id: debug-ratings
    component: filesystem.csv_writer
    mode: write
    needs: [transform-ratings]
    config: {path: output/debug_ratings.csv}
  - id: write-ratings
    component: supabase.writer
    mode: write
    needs: [transform-ratings]
    config: {connection: "@supabase.main", table: ratings, write_mode: append}
"""
    )
    lines = (cinema.folder / "output" / "debug_ratings.csv").read_text("utf-8").splitlines()
    assert lines == ["movie_id,title,average,reviews", "1,Amélie,8.75,2", "2,Alien,8.75,2"]
    assert len((cinema.folder / "output" / "debug_extracted.csv").read_text("utf-8").splitlines()) == 5
    assert cinema.found("SELECT count(*) FROM ratings") == [(2,)]

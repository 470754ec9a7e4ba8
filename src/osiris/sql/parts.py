"""Which parts a query may be made of, and what to say of those it may not."""

import re

_QUERY = {"SELECT", "WITH", "VALUES", "TABLE"}
STARTS = {
    "duckdb": _QUERY | {"FROM", "PIVOT", "UNPIVOT", "SUMMARIZE"},
    "sqlite": _QUERY - {"TABLE"},
    "mysql": _QUERY,
    "postgres": _QUERY,
}

# Words that begin a statement; sqlglot takes them for tables where they stand in brackets.
_STATEMENT_WORDS = """
analyze begin binlog call checkpoint close cluster commit deallocate desc describe detach discard do execute explain
handler kill listen load lock notify optimize pragma prepare purge reindex release repair reset rollback savepoint set
show shutdown start truncate unlisten unlock update use vacuum
"""
STATEMENTS = frozenset(_STATEMENT_WORDS.split())

# Classes of `sqlglot.exp` that read or compute; functions are judged by their names.
_PARTS_WORDS = """
Add Adjacent Alias Aliases All And Any AtTimeZone Between BitString BitwiseAnd BitwiseLeftShift BitwiseNot BitwiseOr
BitwiseRightShift BitwiseXor Boolean Bracket ByteString CTE CharacterSet CollateColumnConstraint Column ColumnDef
Columns Comprehension Cube DPipe DataType DataTypeParam Distance Distinct Div Dot EQ Escape Except ExtendsLeft
ExtendsRight Fetch Filter ForIn FormatJson From GT GTE Glob Group GroupingSets Having HavingMax HexString ILike
Identifier IgnoreNulls In IndexTableHint IntDiv Intersect Interval IntervalSpan Introducer Is JSON JSONBContains
JSONColumnDef JSONExtractQuote JSONKeyValue JSONPath JSONPathFilter JSONPathKey JSONPathRecursive JSONPathRoot
JSONPathScript JSONPathSelector JSONPathSlice JSONPathSubscript JSONPathUnion JSONPathWildcard JSONSchema JSONValue
Join Kwarg LT LTE Lambda Lateral Like Limit LimitOptions Literal Match Mod Mul NEQ National Neg Not Null NullSafeEQ
NullSafeNEQ ObjectIdentifier Offset OnCondition Or Order Ordered Overlaps Paren Partition Pivot PivotAlias PivotAny
PositionalColumn PropertyEQ PseudoType Qualify Query RawString RecursiveWithSearch RespectNulls Rollup Select
SimilarTo Slice Star Sub Subquery Summarize Table TableAlias TableColumn TableFromRows TableSample TimeUnit Tuple
Union UnpivotColumns Values Var Variadic Where Window WindowSpec With WithinGroup
"""
PARTS = frozenset(_PARTS_WORDS.split())

# Functions by class that do more than compute, whatever they are called.
ACTING = frozenset({"NextValueFor", "ReadCSV", "ReadParquet", "ConnectByRoot"})

_BEFORE_BRACKET_WORDS = """
all and any anti as asof between by case cross cube distinct else end escape except exclude exists filter following
for from full glob group grouping having ilike in inner intersect interval is isnull join lateral left like limit
materialized natural not notnull nulls offset on only or order outer over partition pivot positional preceding qualify
recursive regexp rename replace returning right rlike rollup row sample select semi sets similar some tablesample then
to union unpivot using value values when where window with within array columns struct map unnest div mod xor binary
collate separator rows range groups lambda name nested path ordinality name explain timestamp symmetric asymmetric
current ignore respect bernoulli system reservoir percent index key use force extended boolean against both leading
trailing until of overlaps
"""
BEFORE_BRACKET = frozenset(_BEFORE_BRACKET_WORDS.split())

_NO_SPACE_WORDS = """
adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat max mid min now
position session_user std stddev stddev_pop stddev_samp subdate substr substring sum sysdate system_user trim
variance var_pop var_samp
"""
NO_SPACE = frozenset(_NO_SPACE_WORDS.split())

# DuckDB reads a table that it doesn't have as a file, under the name with its points.
FILE_NAME = re.compile(r"[./\\:*?\[\]{}~%\x00-\x1f]")
FILE_ENDING = re.compile(
    r"\.(csv|tsv|psv|txt|json|jsonl|ndjson|parquet|xlsx?|arrows?|feather|ipc|db|duckdb|ddb|sqlite3?|gz|zst|bz2|zip|"
    r"geojson|shp|gpkg|fgb|avro|orc|vortex|lance)$",
    re.IGNORECASE,
)

_INFORMATION_SCHEMA_WORDS = """
check_constraints character_sets collations columns constraint_column_usage domains key_column_usage partitions
referential_constraints schemata sequences statistics table_constraints tables views
"""
_INFORMATION_SCHEMA = frozenset(_INFORMATION_SCHEMA_WORDS.split())
_PG_CATALOG_WORDS = """
pg_attrdef pg_attribute pg_class pg_collation pg_constraint pg_description pg_enum pg_index pg_indexes pg_inherits
pg_matviews pg_namespace pg_partitioned_table pg_range pg_sequence pg_sequences pg_tables pg_type pg_views
pg_stat_user_tables pg_stat_all_tables
"""
_PG_CATALOG = frozenset(_PG_CATALOG_WORDS.split())
_SQLITE_SYSTEM = frozenset(
    {"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema", "sqlite_sequence"}
)
_SQLITE_VIRTUAL = frozenset(
    {"dbstat", "fsdir", "bytecode", "tables_used", "completion", "zipfile", "csv", "fts3tokenize"}
)
_CLOSED_SCHEMAS = {"mysql": frozenset({"mysql", "performance_schema", "sys"})}

_REASONS = {
    "Into": ("it writes its result with INTO", "a query may not write", "remove INTO; a writer step stores rows"),
    "Lock": ("it locks rows", "FOR UPDATE and FOR SHARE hold up other people's work", "remove the locking clause"),
    "Parameter": ("it uses a variable", "variables are state of a session", "write a value, or `${params.name}`"),
    "SessionParameter": ("it reads a server variable", "settings are no data", "remove it"),
    "Placeholder": ("it holds a placeholder", "nobody would give it a value", "write a value, or `${params.name}`"),
    "Hint": ("it holds an optimizer hint", "hints can change settings", "remove it"),
    "Command": ("it is no query", "only a query may run here", "write one SELECT"),
    "Operator": ("it calls an operator by its schema", "what that does is not known here", "use a built-in operator"),
    "UnicodeString": ("it holds text with U& escapes", "it can hide what it says", "write the characters themselves"),
    "NextValueFor": ("it advances a sequence", "a query may not change anything", "remove it"),
}  # fmt: skip
_WRITES = frozenset({"Insert", "Update", "Delete", "Merge", "Create", "Drop", "Alter", "TruncateTable", "Copy"})


def reason(kind: str) -> tuple[str, str, str]:
    """Return what is wrong with a part of that class, why, and what to do."""
    if kind in _WRITES:
        return f"it holds {kind.upper()}", "a query may not change anything", "remove it; a writer step stores rows"
    return _REASONS.get(
        kind, (f"it holds {kind!r}, which is not known to be safe", "only known parts are let through", "rewrite it")
    )


def is_system(dialect: str, names: list[str]) -> bool:
    """Say whether a table, given by its lower-case names, belongs to the database itself."""
    schema, name = (names[-2] if len(names) > 1 else ""), names[-1]
    if schema in {"information_schema", "pg_catalog"} or schema in _CLOSED_SCHEMAS.get(dialect, ()):
        return True
    prefixes = {
        "sqlite": ("sqlite_", "pragma_"),
        "postgres": ("pg_",),
        "duckdb": ("duckdb_", "pragma_", "pg_", "sqlite_"),
        "mysql": (),
    }[dialect]
    return name.startswith(prefixes) or (dialect == "sqlite" and name in _SQLITE_VIRTUAL)


def system_allowed(dialect: str, names: list[str]) -> bool:
    """Say whether a system table shows only names, types and keys."""
    schema, name = (names[-2] if len(names) > 1 else ""), names[-1]
    if schema == "information_schema":
        return name in _INFORMATION_SCHEMA
    if dialect == "sqlite":
        return name in _SQLITE_SYSTEM
    return dialect in {"postgres", "duckdb"} and schema in {"", "pg_catalog"} and name in _PG_CATALOG

"""What the language model may call: the same list from the first turn to the last."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from osiris.agent.outline import Outline
from osiris.app.catalogue import DescribeTables, FindTables, Overview, ProfileTable, QuerySample
from osiris.app.library import template_names

MOST_QUESTIONS = 3


class _Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Question(_Ask):
    """One question to the person."""

    question: str
    why: str = Field(description="what depends on the answer: which rows, or which write")
    options: tuple[str, ...] = Field(default=(), description="the likely answers, in the person's words")
    default: str = Field(description="the answer you assume where there is none")


class AskUser(_Ask):
    """Ask the person."""

    questions: tuple[Question, ...] = Field(min_length=1, max_length=MOST_QUESTIONS)


class WritePipeline(_Ask):
    """Keep a draft."""

    text: str = Field(description="the whole OML document, as YAML")


class Draft(_Ask):
    """Name a draft."""

    draft: str = Field(description="sha256:… as write_pipeline gave it")


class ExplainRun(_Ask):
    """Name a run."""

    run_id: str = Field(default="last", description="its name, or last")


class ReadResult(_Ask):
    """Name a long answer, and where to read on."""

    result: str = Field(
        description="sha256:… as the cut answer gave it, a pipeline's file as overview shows it, or an example"
    )
    offset: int = Field(default=0, ge=0, description="character to begin with")


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes:
        about: What it does and gives, for the model.
        ask: Model of its arguments.
    """

    name: str
    about: str
    ask: type[BaseModel]

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the arguments, without references, so that any server understands it."""
        schema = self.ask.model_json_schema()
        schema.pop("description", None)
        plain = _inlined(schema, schema.pop("$defs", {}))
        assert isinstance(plain, dict)  # noqa: S101 - a schema stays a mapping
        return {"type": "object", "properties": {}} | plain


def _inlined(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(inner, definitions) for inner in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(definitions[value["$ref"].rpartition("/")[2]], definitions)
    return {k: _inlined(v, definitions) for k, v in value.items() if not (k == "title" and isinstance(v, str))}


TOOLS: tuple[Tool, ...] = (
    Tool("overview", "List every connection with the names of its tables. Begin here.", Overview),
    Tool("find_tables", "Find tables by words in their names, comments and columns.", FindTables),
    Tool(
        "describe_tables",
        "Show columns, types, keys and row counts of up to ten tables, and how they seem to join: by names and by "
        "values that they share. What is marked as inferred nobody declared: say so where you use it.",
        DescribeTables,
    ),
    Tool(
        "profile_columns",
        "Show statistics of one table's columns: share of NULLs, distinct values, smallest and largest value. "
        "Look here before you put a literal into a filter.",
        ProfileTable,
    ),
    Tool(
        "query_sample",
        "Run one SELECT, read-only. The person sees the rows; you learn their shape and counts, never the values.",
        QuerySample,
    ),
    Tool(
        "ask_user",
        "Ask the person up to three questions whose answers change rows or writes. "
        "Two batches at most before the first draft; assume the rest and say so.",
        AskUser,
    ),
    Tool(
        "propose_plan",
        "Show the person what you are going to build, in words, before the first draft of a new pipeline. They may "
        "correct it; what they say wins.",
        Outline,
    ),
    Tool(
        "write_pipeline",
        "Save a draft of the pipeline and have it checked. Gives its hash, whether it is valid, and every finding "
        "with line, hint and nearest names. Any edit is a new draft with a new hash.",
        WritePipeline,
    ),
    Tool("check_pipeline", "Check a draft again, for example after a conversation was resumed.", Draft),
    Tool(
        "rehearse_pipeline",
        "Try a valid draft on a part of its real rows, without writing: rows of each step, and what is suspicious: no "
        "rows, NULL or doubled keys, a join that multiplies rows.",
        Draft,
    ),
    Tool(
        "plan_pipeline",
        "Compile a valid draft and show what a run would do: steps, reads, writes, what is destructive.",
        Draft,
    ),
    Tool(
        "request_approval",
        "Ask for the person's yes to a planned draft, without running it: for later, or where nobody is here now.",
        Draft,
    ),
    Tool(
        "run_pipeline",
        "Run a planned draft. The person is shown the plan first, by Osiris, and nothing runs without their yes.",
        Draft,
    ),
    Tool(
        "explain_run",
        "Read the record of a run: what happened and why, each sentence with the ids of its evidence. "
        "Cite those ids in square brackets.",
        ExplainRun,
    ),
    Tool(
        "read_result",
        "Read on in an answer that was cut, read a pipeline that is there, or a worked example, which is about another "
        f"database: {', '.join(template_names())}.",
        ReadResult,
    ),
)

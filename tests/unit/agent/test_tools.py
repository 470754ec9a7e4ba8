import json

import pytest
from jsonschema import Draft202012Validator

from osiris.agent import desk
from osiris.agent.tools import TOOLS, Tool
from osiris.app.operation import Effect
from osiris.app.operations import OPERATIONS

BY_NAME = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)


def test_the_desk_answers_every_tool_that_is_offered_and_no_other() -> None:
    assert {tool.name for tool in TOOLS} == set(desk._TOOLS)


@BY_NAME
def test_a_schema_needs_no_references(tool: Tool) -> None:
    schema = tool.schema()
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert "$ref" not in json.dumps(schema)
    assert "$defs" not in schema


@BY_NAME
def test_a_schema_takes_what_the_tool_takes(tool: Tool) -> None:
    """What a schema demands is what the model of the arguments demands."""
    required = set(tool.schema().get("required", []))
    assert required == {name for name, info in tool.ask.model_fields.items() if info.is_required()}


def test_the_questions_of_a_batch_are_described_where_they_stand() -> None:
    ask = next(tool for tool in TOOLS if tool.name == "ask_user").schema()
    assert set(ask["properties"]["questions"]["items"]["properties"]) == {"question", "why", "options", "default"}


def test_no_tool_grants_anything() -> None:
    granting = {name for name, operation in OPERATIONS.items() if operation.effect is Effect.GRANTS}
    assert not granting & {tool.name for tool in TOOLS}
    assert not any("approve" in tool.name or "policy" in tool.name for tool in TOOLS)

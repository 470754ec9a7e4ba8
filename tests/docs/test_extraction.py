"""What a page shows is found, whole and in order."""

import pytest
from tests.docs.snippets import Block, blocks

PAGE = """# A page

```csv title="data/a b.csv"
id,city
1,Brno
```

Then:

```console exit=3
$ osiris compile pipelines/x.yaml  # says what is wrong
pipelines/x.yaml:3
$ osiris plan \\
    pipelines/x.yaml --param "since=2025-01-01"
```

1. In a list:

   ```bash not-run
   osiris chat
   ```

````markdown
```yaml
not: a block
```
````
"""


def test_every_block_is_found_with_its_words() -> None:
    assert [(b.language, b.words) for b in blocks(PAGE)] == [
        ("csv", {"title": "data/a b.csv"}),
        ("console", {"exit": "3"}),
        ("bash", {"not-run": ""}),
        ("markdown", {}),
    ]


def test_a_block_knows_its_line_and_keeps_its_text() -> None:
    assert blocks(PAGE)[0] == Block(3, "csv", "id,city\n1,Brno\n", {"title": "data/a b.csv"})


def test_commands_are_told_from_what_they_say() -> None:
    assert blocks(PAGE)[1].commands() == [
        ["osiris", "compile", "pipelines/x.yaml"],
        ["osiris", "plan", "pipelines/x.yaml", "--param", "since=2025-01-01"],
    ]


def test_an_indented_block_loses_its_indent() -> None:
    assert blocks(PAGE)[2].commands() == [["osiris", "chat"]]


def test_a_block_within_a_block_is_text() -> None:
    assert blocks(PAGE)[3].text == "```yaml\nnot: a block\n```\n"


def test_a_block_ends_well_unless_it_says_otherwise() -> None:
    assert [b.exit_code for b in blocks(PAGE)] == [0, 3, 0, 0]


def test_an_open_block_is_refused() -> None:
    with pytest.raises(ValueError, match="line 3 is not closed"):
        blocks("\n\n```bash\nosiris demo\n")

import pytest

from osiris.agent.clean import CELL, cell, clean, clean_tree


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("\x1bcreset", "reset"),
        ("a\u202eb\u2066c", "abc"),
        ("zero\u200bwidth\u200d\ufeff", "zerowidth"),
        ("bell\x07\x00\x7f\x9b", "bell"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("selector\ufe0f\U000e0100", "selector"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("Černý, Zoë, 北京", "Černý, Zoë, 北京"),
    ],
)
def test_what_steers_a_terminal_or_hides_from_a_reader_is_taken_out(hostile: str, harmless: str) -> None:
    assert clean(hostile) == harmless


def test_a_value_is_cut_where_it_could_begin_to_preach() -> None:
    assert cell("x" * CELL) == "x" * CELL
    assert cell("x" * (CELL + 1)) == "x" * CELL + "…"


def test_every_text_of_a_tree_is_cleaned_keys_too() -> None:
    assert clean_tree({"a\u200b": ["b\x1b[1m", ("c\x00", 1, None, True)]}) == {"a": ["b", ["c", 1, None, True]]}

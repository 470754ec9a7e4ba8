"""Where in an answer something stands: JSONPath that finds what is there, or says that nothing is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from osiris.kit.extra import imported
from osiris.model.errors import AuthorError, SourceError

_EACH = re.compile(r"\[[\d\s,*:-]*[*:,][\d\s,*:-]*\]")  # a part of a path that finds any number of things, even none


@dataclass(frozen=True)
class JsonPath:
    """One path, such as `data.products.edges[*].node`; a `$.` before it may be left out.

    Attributes:
        setting: Where it is written.
        extra: Of the family, for those who have no JSONPath.
    """

    text: str
    setting: str
    extra: str

    def must_be_one(self) -> None:
        """Refuse what is no path.

        Raises:
            AuthorError: it isn't.
        """
        self._compiled(self._whole)

    def found(self, document: Any) -> list[Any]:
        """Return all that it finds, in order."""
        return self._findall(self._whole, document)

    def first(self, document: Any) -> Any:
        """Return the one thing that it finds; None where there is nothing."""
        return next(iter(self.found(document)), None)

    def parent_is_there(self, document: Any) -> bool:
        """Return whether what should hold the last name is there, and is an object."""
        above, point, _ = self._whole.rpartition(".")
        return not point or isinstance(next(iter(self._findall(above, document)), None), dict)

    def records(self, document: Any, said: str) -> list[Any]:
        """Return the records that it finds: the elements of lists, and what is no list as it is.

        Args:
            document: The answer.
            said: What errors call it.

        Raises:
            SourceError: what should hold them is not there.
        """
        found = self.found(document)
        if not found and not self._ends_in_an_empty_list(document):
            raise SourceError(
                f"{said} has nothing at {self.text!r}, where its records should be",
                why=shown(document),
                hint=f"check `{self.setting}`",
            )
        if found == [None]:
            raise SourceError(f"{said} has null at {self.text!r}, where its records should be", hint="check the query")
        records: list[Any] = []
        for one in found:
            records.extend(one if isinstance(one, list) else [one])
        return records

    def _ends_in_an_empty_list(self, document: Any) -> bool:
        """Return whether nothing is found because a list has no elements, rather than because a name is not there."""
        before, so_far = [document], "$"
        for part in map(str, getattr(self._compiled(self._whole), "segments", ())):
            so_far += part
            if not (found := self._findall(so_far, document)):
                return bool(_EACH.fullmatch(part)) and all(isinstance(one, list | dict) for one in before)
            before = found
        return False

    @property
    def _whole(self) -> str:
        text = self.text.strip()
        if not text or text.startswith("$"):
            return text or "$"
        return f"${text}" if text.startswith("[") else f"$.{text}"

    def _findall(self, text: str, document: Any) -> list[Any]:
        compiled = self._compiled(text)
        if isinstance(document, str):  # the library would read it as JSON; nothing is in a text but itself
            return [document] if text == "$" else []
        return list(compiled.findall(document))

    def _compiled(self, text: str) -> Any:
        if "?" in text:
            raise AuthorError(f"`{self.setting}` filters", where=self.setting, hint="filter in a later step, in SQL")
        return _compiled(text, self.setting, self.extra)


def shown(document: Any) -> str:
    """Return what an answer has at its top, for an error."""
    if isinstance(document, dict):
        names: Sequence[str] = list(document)
        return f"it has {', '.join(map(repr, names[:10])) or 'no key'}"
    return f"it is {'a list' if isinstance(document, list) else 'no object'}"


@lru_cache(maxsize=256)
def _compiled(text: str, setting: str, extra: str) -> Any:
    jsonpath = imported("jsonpath", "python-jsonpath", extra)
    try:
        return jsonpath.compile(text)
    except jsonpath.JSONPathError as exc:
        raise AuthorError(
            f"{text!r} is no JSONPath", where=setting, why=str(exc).partition("\n")[0], hint="write such as data.items"
        ) from exc

"""Whether files are as they were."""

import os
from pathlib import Path

from osiris.kit.stamp import stamp


def test_a_file_that_nobody_touched_has_its_stamp_still(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    assert stamp([file]) == stamp([file])


def test_a_file_that_came_went_grew_or_was_touched_has_another(tmp_path: Path) -> None:
    file = tmp_path / "a"
    stamps = [stamp([file])]
    file.write_text("one")
    stamps.append(stamp([file]))
    file.write_text("longer")
    stamps.append(stamp([file]))
    os.utime(file, ns=(1, 1))
    stamps.append(stamp([file]))
    assert len(set(stamps)) == len(stamps)


def test_it_says_nothing_of_where_a_file_lies(tmp_path: Path) -> None:
    assert str(tmp_path) not in stamp([tmp_path / "a"])

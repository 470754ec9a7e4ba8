"""Files of arrow."""

from osiris.kit.component import Connection
from osiris.kit.family import Family

from osiris_arrow.extractor import ArrowExtractor
from osiris_arrow.writer import ArrowWriter

FAMILY = Family(name="arrow", title="Files of arrow", components=(ArrowExtractor, ArrowWriter), connection=Connection)

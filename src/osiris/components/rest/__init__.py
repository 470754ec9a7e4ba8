"""Any API that answers GET requests with JSON, lines of JSON, or CSV."""

from osiris.components.rest.config import RestConnection
from osiris.components.rest.desk import DESK
from osiris.components.rest.extractor import RestExtractor
from osiris.kit.family import Family

FAMILY = Family(
    name="rest",
    title="REST APIs",
    components=(RestExtractor,),
    connection=RestConnection,
    desk=DESK,
)

"""GraphQL: what one query of an API answers."""

from osiris.components.graphql.config import GraphqlConnection
from osiris.components.graphql.desk import DESK
from osiris.components.graphql.extractor import GraphqlExtractor
from osiris.kit.family import Family

FAMILY = Family(
    name="graphql",
    title="GraphQL APIs",
    components=(GraphqlExtractor,),
    connection=GraphqlConnection,
    desk=DESK,
)

"""Everything that Osiris can be asked: one table, used by every door."""

from typing import Any

from osiris.app.approvals import PIPELINES_APPROVE
from osiris.app.catalogue import (
    CATALOGUE_DESCRIBE,
    CATALOGUE_FIND,
    CATALOGUE_OVERVIEW,
    CATALOGUE_PROFILE,
    CATALOGUE_QUERY,
)
from osiris.app.components import COMPONENTS_LIST, COMPONENTS_SHOW
from osiris.app.connections import CONNECTIONS_DOCTOR, CONNECTIONS_LIST
from osiris.app.copying import PIPELINES_COPY
from osiris.app.discover import CATALOGUE_DISCOVER
from osiris.app.export import EXPORT_OPENLINEAGE
from osiris.app.keeping import AIOP_PRUNE, LOGS_GC
from osiris.app.library import TEMPLATES_LIST, TEMPLATES_SHOW
from osiris.app.logs import LOGS_AIOP, LOGS_LIST, LOGS_ROWS, LOGS_SCHEMA, LOGS_SHOW
from osiris.app.mempack import PROJECT_MEMPACK
from osiris.app.new_component import COMPONENTS_NEW
from osiris.app.new_connection import CONNECTIONS_ADD
from osiris.app.oml import OML_SCHEMA
from osiris.app.operation import Operation
from osiris.app.package_check import COMPONENTS_VALIDATE
from osiris.app.packages import AIOP_LIST
from osiris.app.parity import PIPELINES_PARITY
from osiris.app.pipelines import PIPELINES_CHECK, PIPELINES_COMPILE, PIPELINES_PLAN, PIPELINES_SAVE
from osiris.app.reports import LOGS_HTML, LOGS_HTML_ALL
from osiris.app.runs import PIPELINES_RUN
from osiris.app.sandboxes import E2B_SWEEP, E2B_TEMPLATE_BUILD, E2B_TEMPLATE_LIST
from osiris.app.scaffold import PROJECT_INIT
from osiris.app.validation import PROJECT_VALIDATE

OPERATIONS: dict[str, Operation[Any, Any]] = {
    operation.name: operation
    for operation in (
        AIOP_LIST,
        AIOP_PRUNE,
        CATALOGUE_DESCRIBE,
        CATALOGUE_DISCOVER,
        CATALOGUE_FIND,
        CATALOGUE_OVERVIEW,
        CATALOGUE_PROFILE,
        CATALOGUE_QUERY,
        COMPONENTS_LIST,
        COMPONENTS_NEW,
        COMPONENTS_SHOW,
        COMPONENTS_VALIDATE,
        CONNECTIONS_ADD,
        CONNECTIONS_DOCTOR,
        CONNECTIONS_LIST,
        E2B_SWEEP,
        E2B_TEMPLATE_BUILD,
        E2B_TEMPLATE_LIST,
        EXPORT_OPENLINEAGE,
        LOGS_AIOP,
        LOGS_GC,
        LOGS_HTML,
        LOGS_HTML_ALL,
        LOGS_LIST,
        LOGS_ROWS,
        LOGS_SCHEMA,
        LOGS_SHOW,
        OML_SCHEMA,
        PIPELINES_APPROVE,
        PIPELINES_CHECK,
        PIPELINES_COMPILE,
        PIPELINES_COPY,
        PIPELINES_PARITY,
        PIPELINES_PLAN,
        PIPELINES_RUN,
        PIPELINES_SAVE,
        PROJECT_INIT,
        PROJECT_MEMPACK,
        PROJECT_VALIDATE,
        TEMPLATES_LIST,
        TEMPLATES_SHOW,
    )
}

"""Drop the tool secrets, the workers registered over the API, and the version before Alembic's."""

import sqlalchemy
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    tables = set(sqlalchemy.inspect(op.get_bind()).get_table_names())
    for name in ("tool_secrets", "workers", "engine_version"):
        if name in tables:
            op.drop_table(name)

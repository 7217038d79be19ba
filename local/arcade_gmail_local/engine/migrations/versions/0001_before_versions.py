"""The schema before versions were recorded."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change nothing: missing tables are created with the newest schema."""

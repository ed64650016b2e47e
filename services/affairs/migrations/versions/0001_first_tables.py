"""first tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE outbox_turn")
    op.create_table(
        "idempotent_answer",
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("operation", sa.String(length=400), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "operation", "key", name=op.f("pk_idempotent_answer")),
    )
    op.create_index(op.f("ix_idempotent_answer_answered_at"), "idempotent_answer", ["answered_at"], unique=False)
    op.create_table(
        "inbox_message",
        sa.Column("event_id", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("parked", sa.Boolean(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_inbox_message")),
    )
    op.create_index(op.f("ix_inbox_message_handled_at"), "inbox_message", ["handled_at"], unique=False)
    op.create_index("ix_inbox_message_source_sequence", "inbox_message", ["source", "sequence"], unique=False)
    op.create_table(
        "outbox_message",
        sa.Column("event_id", sa.String(length=60), nullable=False),
        sa.Column("stream", sa.String(length=20), nullable=False),
        sa.Column('turn', sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=120), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("traceparent", sa.String(length=60), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_outbox_message")),
    )
    op.create_index(
        "ix_outbox_message_unsequenced",
        "outbox_message",
        ["stream", "turn", "ordinal"],
        unique=False,
        postgresql_where=sa.text("sequence IS NULL"),
    )
    op.create_index(
        "uq_outbox_message_stream_sequence",
        "outbox_message",
        ["stream", "sequence"],
        unique=True,
        postgresql_where=sa.text("sequence IS NOT NULL"),
    )
    op.create_table(
        "parked_message",
        sa.Column("parked_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("parked_id", name=op.f("pk_parked_message")),
        sa.UniqueConstraint("topic", "partition", "offset", name=op.f("uq_parked_message_topic_partition_offset")),
    )
    op.create_index(op.f("ix_parked_message_topic_key"), "parked_message", ["topic", "key"], unique=False)
    op.create_table(
        "policy_choice",
        sa.Column("clause", sa.String(length=60), nullable=False),
        sa.Column("term", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decision_id", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("clause", "term", "area", "starts_on", name=op.f("pk_policy_choice")),
    )
    op.create_table(
        "rebuild_request",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("emptied", sa.Boolean(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_rebuild_request")),
    )
    op.create_table(
        "relay_position",
        sa.Column("stream", sa.String(length=20), nullable=False),
        sa.Column("sequenced", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("tallied", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_relay_position")),
    )
    op.create_table(
        "source_position",
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_position")),
    )
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation")),
    )
    op.create_index(op.f("ix_organisation_area"), "organisation", ["area"], unique=False)
    op.create_table(
        "worker",
        sa.Column("worker_id", sa.String(length=60), nullable=False),
        sa.Column("organisation_id", sa.String(length=60), nullable=True),
        sa.Column("hired_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("staff", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker")),
    )
    op.create_index(op.f("ix_worker_area"), "worker", ["area"], unique=False)
    op.create_index(op.f("ix_worker_organisation_id"), "worker", ["organisation_id"], unique=False)
    op.create_table(
        "duty_roster",
        sa.Column("roster_id", sa.String(length=60), nullable=False),
        sa.Column("organisation_id", sa.String(length=60), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("hall_workers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("grid_workers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("clause", sa.String(length=60), nullable=False),
        sa.Column("decision_id", sa.String(length=60), nullable=False),
        sa.Column("kept_by", sa.String(length=300), nullable=False),
        sa.Column("staff", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name=op.f("fk_duty_roster_organisation_id")
        ),
        sa.PrimaryKeyConstraint("roster_id", name=op.f("pk_duty_roster")),
        sa.UniqueConstraint("organisation_id", "starts_on", name=op.f("uq_duty_roster_organisation_id_starts_on")),
    )
    op.create_index(op.f("ix_duty_roster_area"), "duty_roster", ["area"], unique=False)


def downgrade() -> None:
    op.execute("DROP SEQUENCE outbox_turn")
    op.drop_index(op.f("ix_duty_roster_area"), table_name="duty_roster")
    op.drop_table("duty_roster")
    op.drop_index(op.f("ix_worker_organisation_id"), table_name="worker")
    op.drop_index(op.f("ix_worker_area"), table_name="worker")
    op.drop_table("worker")
    op.drop_index(op.f("ix_organisation_area"), table_name="organisation")
    op.drop_table("organisation")
    op.drop_table("source_position")
    op.drop_table("relay_position")
    op.drop_table("rebuild_request")
    op.drop_table("policy_choice")
    op.drop_index(op.f("ix_parked_message_topic_key"), table_name="parked_message")
    op.drop_table("parked_message")
    op.drop_index(
        "uq_outbox_message_stream_sequence", table_name="outbox_message", postgresql_where=sa.text("sequence IS NOT NULL")
    )
    op.drop_index(
        "ix_outbox_message_unsequenced", table_name="outbox_message", postgresql_where=sa.text("sequence IS NULL")
    )
    op.drop_table("outbox_message")
    op.drop_index("ix_inbox_message_source_sequence", table_name="inbox_message")
    op.drop_index(op.f("ix_inbox_message_handled_at"), table_name="inbox_message")
    op.drop_table("inbox_message")
    op.drop_index(op.f("ix_idempotent_answer_answered_at"), table_name="idempotent_answer")
    op.drop_table("idempotent_answer")

"""first tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "55f36aebcc30"
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
        "change",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.String(length=60), nullable=False),
        sa.Column("type", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_change")),
        sa.UniqueConstraint("event_id", name=op.f("uq_change_event_id")),
    )
    op.create_index(op.f("ix_change_area"), "change", ["area"], unique=False)
    op.create_index(op.f("ix_change_happened_at"), "change", ["happened_at"], unique=False)
    op.create_table(
        "decision_note",
        sa.Column("decision_id", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("section", sa.String(length=60), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision_note")),
    )
    op.create_index(op.f("ix_decision_note_area"), "decision_note", ["area"], unique=False)
    op.create_index(op.f("ix_decision_note_subject"), "decision_note", ["subject"], unique=False)
    op.create_table(
        "forgotten_changes",
        sa.Column("only", sa.Integer(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_forgotten_changes")),
    )
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=True),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("quotas", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("posts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation")),
    )
    op.create_index(op.f("ix_organisation_area"), "organisation", ["area"], unique=False)
    op.create_table(
        "plan",
        sa.Column("plan_id", sa.String(length=60), nullable=False),
        sa.Column("in_progress", sa.Boolean(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plan")),
    )
    op.create_index(op.f("ix_plan_area"), "plan", ["area"], unique=False)
    op.create_table(
        "run",
        sa.Column("run_id", sa.String(length=60), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_area"), "run", ["area"], unique=False)
    op.create_index(op.f("ix_run_month"), "run", ["month"], unique=False)
    op.create_table(
        "worker",
        sa.Column("worker_id", sa.String(length=60), nullable=False),
        sa.Column("organisation_id", sa.String(length=60), nullable=True),
        sa.Column("staff", sa.String(length=60), nullable=True),
        sa.Column("account", sa.String(length=300), nullable=True),
        sa.Column("hired_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("subjects", postgresql.ARRAY(sa.String(length=60)), nullable=False),
        sa.Column("pending", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker")),
    )
    op.create_index(op.f("ix_worker_account"), "worker", ["account"], unique=False)
    op.create_index(op.f("ix_worker_area"), "worker", ["area"], unique=False)
    op.create_index(op.f("ix_worker_organisation_id"), "worker", ["organisation_id"], unique=False)
    op.create_index(
        "ix_worker_pending", "worker", ["area"], unique=False, postgresql_where=sa.text("pending <> '[]'::jsonb")
    )


def downgrade() -> None:
    op.execute("DROP SEQUENCE outbox_turn")
    op.drop_index("ix_worker_pending", table_name="worker", postgresql_where=sa.text("pending <> '[]'::jsonb"))
    op.drop_index(op.f("ix_worker_organisation_id"), table_name="worker")
    op.drop_index(op.f("ix_worker_area"), table_name="worker")
    op.drop_index(op.f("ix_worker_account"), table_name="worker")
    op.drop_table("worker")
    op.drop_index(op.f("ix_run_month"), table_name="run")
    op.drop_index(op.f("ix_run_area"), table_name="run")
    op.drop_table("run")
    op.drop_index(op.f("ix_plan_area"), table_name="plan")
    op.drop_table("plan")
    op.drop_index(op.f("ix_organisation_area"), table_name="organisation")
    op.drop_table("organisation")
    op.drop_table("forgotten_changes")
    op.drop_index(op.f("ix_decision_note_subject"), table_name="decision_note")
    op.drop_index(op.f("ix_decision_note_area"), table_name="decision_note")
    op.drop_table("decision_note")
    op.drop_index(op.f("ix_change_happened_at"), table_name="change")
    op.drop_index(op.f("ix_change_area"), table_name="change")
    op.drop_table("change")
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

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
        "worker",
        sa.Column("worker_id", sa.String(length=60), nullable=False),
        sa.Column("post_class", sa.String(length=60), nullable=True),
        sa.Column("hired_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("staff", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker")),
    )
    op.create_index(op.f("ix_worker_area"), "worker", ["area"], unique=False)
    op.create_table(
        "evaluation",
        sa.Column("evaluation_id", sa.String(length=60), nullable=False),
        sa.Column("worker_id", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("score", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("grade", sa.String(length=60), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("clause", sa.String(length=60), nullable=False),
        sa.Column("decision_id", sa.String(length=60), nullable=False),
        sa.Column("graded_on", sa.Date(), nullable=False),
        sa.Column("graded_by", sa.String(length=300), nullable=False),
        sa.Column("staff", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.worker_id"], name=op.f("fk_evaluation_worker_id")),
        sa.PrimaryKeyConstraint("evaluation_id", name=op.f("pk_evaluation")),
        sa.UniqueConstraint("worker_id", "year", name=op.f("uq_evaluation_worker_id_year")),
    )
    op.create_index(op.f("ix_evaluation_area"), "evaluation", ["area"], unique=False)
    op.create_table(
        "training",
        sa.Column("training_id", sa.String(length=60), nullable=False),
        sa.Column("worker_id", sa.String(length=60), nullable=False),
        sa.Column("clause", sa.String(length=60), nullable=False),
        sa.Column("decision_id", sa.String(length=60), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("course", sa.String(length=200), nullable=True),
        sa.Column("hours", sa.Numeric(precision=5, scale=1), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("staff", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.worker_id"], name=op.f("fk_training_worker_id")),
        sa.PrimaryKeyConstraint("training_id", name=op.f("pk_training")),
    )
    op.create_index(op.f("ix_training_area"), "training", ["area"], unique=False)
    op.create_index(op.f("ix_training_due_on"), "training", ["due_on"], unique=False)
    op.create_index(op.f("ix_training_status"), "training", ["status"], unique=False)
    op.create_index(op.f("ix_training_worker_id"), "training", ["worker_id"], unique=False)
    op.create_table(
        "consequence",
        sa.Column("consequence_id", sa.String(length=60), nullable=False),
        sa.Column("evaluation_id", sa.String(length=60), nullable=False),
        sa.Column("worker_id", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("clause", sa.String(length=60), nullable=False),
        sa.Column("decision_id", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.String(length=300), nullable=True),
        sa.Column("reason", sa.String(length=4000), nullable=True),
        sa.Column("staff", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.evaluation_id"], name=op.f("fk_consequence_evaluation_id")
        ),
        sa.PrimaryKeyConstraint("consequence_id", name=op.f("pk_consequence")),
        sa.UniqueConstraint("evaluation_id", "kind", name=op.f("uq_consequence_evaluation_id_kind")),
    )
    op.create_index(op.f("ix_consequence_area"), "consequence", ["area"], unique=False)
    op.create_index(op.f("ix_consequence_status"), "consequence", ["status"], unique=False)
    op.create_index(op.f("ix_consequence_worker_id"), "consequence", ["worker_id"], unique=False)


def downgrade() -> None:
    op.execute("DROP SEQUENCE outbox_turn")
    op.drop_index(op.f("ix_consequence_worker_id"), table_name="consequence")
    op.drop_index(op.f("ix_consequence_status"), table_name="consequence")
    op.drop_index(op.f("ix_consequence_area"), table_name="consequence")
    op.drop_table("consequence")
    op.drop_index(op.f("ix_training_worker_id"), table_name="training")
    op.drop_index(op.f("ix_training_status"), table_name="training")
    op.drop_index(op.f("ix_training_due_on"), table_name="training")
    op.drop_index(op.f("ix_training_area"), table_name="training")
    op.drop_table("training")
    op.drop_index(op.f("ix_evaluation_area"), table_name="evaluation")
    op.drop_table("evaluation")
    op.drop_index(op.f("ix_worker_area"), table_name="worker")
    op.drop_table("worker")
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

"""The seal of a batch: the Merkle tree of RFC 9162 over its slips, SHA-256."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StringConstraints

from common.policy import Terms, rule

EMPTY_ROOT = hashlib.sha256(b"").digest()

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def hash_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """MTH over the hashes of all leaves; an odd one at the end goes up as it is."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [hash_node(left, right) for left, right in zip(row[::2], row[1::2], strict=False)] + odd
    return row[0]


class BatchSealed(Terms):
    kept_years: PositiveInt = Field(title="工资支付记录保存年限", description="至少保存几年备查")


class Seal(BaseModel):
    model_config = ConfigDict(frozen=True)

    root: Digest
    slips: int


@rule("payroll.batch_sealed")
def seal_batch(
    terms: BatchSealed,
    *,
    run_id: Annotated[str, Field(title="工资核算")],
    batch_id: Annotated[str, Field(title="批次")],
    engine: Annotated[str, Field(title="核算引擎版本")],
    inputs: Annotated[Digest, Field(title="输入数据摘要")],
    terms_digests: Annotated[dict[str, Digest], Field(title="各规则条款内容摘要")],
    root: Annotated[Digest, Field(title="各工资条摘要之根")],
    slips: Annotated[int, Field(title="工资条份数", ge=0)],
) -> Seal:
    """By what a batch of payslips is sealed, so that nobody can change one of them unseen.

    Our reading: the record of pay is every slip with its lines; the root of the tree over their digests stands for all
    of them, and each worker's slip can be proved to be in it. The digests themselves follow from the sealed inputs: the
    decision stays as small for a street of any size.
    """
    return Seal(root=root, slips=slips)

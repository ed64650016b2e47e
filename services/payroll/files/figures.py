"""What the files of a run are written from; all amounts in fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

CYCLES = {"first_half": "上半月", "second_half": "下半月"}

CAUSES = {
    "hire": "入职",
    "agreement": "协议签订",
    "grade": "等级变动",
    "leave": "休假",
    "left": "离岗",
    "transfer": "调动",
    "certificate": "证书登记",
    "evaluation": "考核",
    "score": "考核得分",
    "attribute": "个人情况变动",
    "entry": "填报",
    "standing_entry": "长期填报项",
    "base": "缴费基数调整",
    "tax_card": "个税扣缴情况",
    "parameter": "标准参数调整",
    "standard": "薪酬标准调整",
    "policy_choice": "地方选定数值调整",
    "policy_changed": "政策条款变化",
    "set_aside": "上期暂缓发放",
    "earlier_run": "较早月份补办核算",
    "repaid": "交回垫付款",
    "written_off": "核销垫付款",
}


@dataclass(frozen=True)
class Item:
    """A line that slips may have: `kind` is earning, deduction, employer or note."""

    code: str
    kind: str
    label: str
    clause: str | None = None


@dataclass(frozen=True)
class Difference:
    """What a slip pays or takes back for an earlier month, and what caused it.

    `organisation_id`: the employer of that month, where it is not the slip's.
    """

    code: str
    period: str
    amount: int
    cause: str
    organisation_id: str | None = None


@dataclass(frozen=True)
class Slip:
    """A slip as stored. `amounts` by line code, without those for earlier months."""

    payslip_id: str
    worker_id: str
    name: str
    area: str
    organisation_id: str
    amounts: Mapping[str, int]
    differences: tuple[Difference, ...]
    gross: int
    contributions: int
    employer_contributions: int
    tax: int
    net: int
    income: int = 0
    exempt: int = 0
    relief: int = 0
    bonus: int = 0
    bonus_tax: int = 0
    batch_id: str = ""


Words = Mapping[tuple[str, str | None], str]  # how a figure came about, by line code and earlier month


@dataclass(frozen=True)
class RunOfSlips:
    """A run, or a part of it: `items` in the order of the layouts, the slips in the order of street and worker."""

    run_id: str
    area: str
    staff: str
    month: str
    cycle: str
    paid_in: str
    items: tuple[Item, ...]
    slips: Sequence[Slip]
    settled: bool = True  # approved, so that its slips count

    def with_slips(self, slips: "Sequence[Slip]") -> "RunOfSlips":
        return replace(self, slips=slips)


@dataclass(frozen=True)
class SlipLine:
    """A line of a slip with its words: how the figure came about, and the clause."""

    label: str
    kind: str
    amount: int
    words: str
    clause: str | None = None
    period: str | None = None


@dataclass(frozen=True)
class ExplainedSlip:
    slip: Slip
    lines: tuple[SlipLine, ...]
    title: str
    month: str
    cycle: str
    paid_in: str
    draft: bool = False


@dataclass(frozen=True)
class DueOfEmployer:
    """What an employer owes to a scheme for a period: people, the sum of their bases, both sides."""

    organisation_id: str
    scheme: str
    label: str
    period: str
    people: int
    base: int | None
    employer: int
    worker: int


@dataclass(frozen=True)
class MemberDues:
    worker_id: str
    name: str
    organisation_id: str
    basic_pay: int | None
    dues: int


@dataclass(frozen=True)
class FundOfEmployer:
    organisation_id: str
    people: int
    wages: int
    fund: int
    clause: str


@dataclass(frozen=True)
class TaxedSlip:
    """A slip as the tax office asks for it: figures of this month, deductions summed up over the tax year.

    `identity_number` is open here and nowhere else; a tuple of these is never kept.
    """

    slip: Slip
    identity_number: str
    schemes: Mapping[str, int] = field(default_factory=dict)
    additional: Mapping[str, int] = field(default_factory=dict)
    other: Mapping[str, int] = field(default_factory=dict)

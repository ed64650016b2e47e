from calendar import monthrange
from datetime import date, timedelta
from itertools import count
from typing import Annotated, Literal

from pydantic import BaseModel, Field, NonNegativeInt, PositiveInt

from common.actors import Role
from common.policy import Finding, Terms, rule

Kind = Literal["labour_fixed", "service_agreement"]

StartsOn = Annotated[date, Field(title="起始日")]
EndsOn = Annotated[date, Field(title="终止日（不含当日）")]


def months_after(day: date, months: int) -> date:
    """The first day after a period of whole months that begins on `day`.

    Where the last month has no such day, the period lasts to the end of that month. A period that would
    leave the calendar lasts to its last day.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if year > date.max.year:
        return date.max
    last = monthrange(year, month)[1]
    return date(year, month, day.day) if day.day <= last else date(year, month, last) + timedelta(days=1)


def months_begun(starts_on: date, ends_on: date) -> int:
    """How many months the period takes; a month begun counts whole."""
    return next(months for months in count() if months_after(starts_on, months) >= ends_on)


class TermOfAgreement(Terms):
    kind: Kind = Field(title="协议种类")
    months: PositiveInt | None = Field(default=None, title="期限恰为（月）")
    longest_months: PositiveInt | None = Field(default=None, title="期限最长（月）")
    ends_with_committee_term: bool = Field(default=False, title="与社区“两委”届期一致")
    one_per_term: bool = Field(default=False, title="每届只签一次")


@rule("agreement.term")
def term_of_agreement(
    terms: TermOfAgreement,
    *,
    starts_on: StartsOn,
    ends_on: EndsOn,
    committee_term_ends_on: Annotated[date | None, Field(title="“两委”届满日（不含当日）")],
    agreements_in_term: Annotated[int, Field(title="本届已签协议数", ge=0)],
) -> list[Finding]:
    """Whether an agreement may run from the one day to the other, and of which kind it is.

    `months` asks for exactly so many, `longest_months` for no more; both may be left out.

    Our reading: whole months run to the day of the same number, that day excluded, or to the end of a month that has
    no such day. An agreement that begins within a committee's term still ends with that term.
    """
    findings = []
    if terms.months is not None and ends_on != (due := months_after(starts_on, terms.months)):
        findings.append(
            Finding(
                code="not_exact_months",
                zh=f"自 {starts_on} 起恰满 {terms.months} 个月应止于 {due}（不含当日），所填为 {ends_on}",
                en=f"exactly {terms.months} months from {starts_on} end on {due} (excluded), not on {ends_on}",
            )
        )
    if terms.longest_months is not None and ends_on > (latest := months_after(starts_on, terms.longest_months)):
        findings.append(
            Finding(
                code="too_long",
                zh=f"期限最长 {terms.longest_months} 个月，最迟止于 {latest}（不含当日），所填为 {ends_on}",
                en=f"at most {terms.longest_months} months: it ends by {latest} (excluded), not on {ends_on}",
            )
        )
    if terms.ends_with_committee_term:
        findings += _committee_findings(ends_on, committee_term_ends_on)
    if terms.one_per_term and agreements_in_term:
        findings.append(
            Finding(
                code="already_agreed_this_term",
                zh="本届任期内已签订过协议，每届只签一次",
                en="an agreement was already signed in this committee's term; there is one for each term",
            )
        )
    return findings


def _committee_findings(ends_on: date, committee_term_ends_on: date | None) -> list[Finding]:
    if committee_term_ends_on is None:
        return [
            Finding(
                code="committee_term_unknown",
                zh="尚无该社区“两委”届满日，请先在组织数据中登记",
                en="the community's committee term is not known; enter it in the organisation's figures first",
            )
        ]
    if ends_on != committee_term_ends_on:
        return [
            Finding(
                code="not_committee_term_end",
                zh=f"终止日应为“两委”届满日 {committee_term_ends_on}，所填为 {ends_on}",
                en=f"it must end with the committees' term on {committee_term_ends_on}, not on {ends_on}",
            )
        ]
    return []


Party = Literal[Role.LEAD_DEPARTMENT, Role.STREET_OFFICE, Role.CIVIL_AFFAIRS, Role.WORKER]


class PartiesTerms(Terms):
    parties: list[Party] = Field(title="签约各方", min_length=2)


class Parties(BaseModel):
    parties: list[Party]


@rule("agreement.parties")
def parties_of_agreement(terms: PartiesTerms) -> Parties:
    """Who signs an agreement; it is made when the last of them has signed.

    An office signs by somebody who holds its role, the worker by the account of the application.
    """
    return Parties(parties=terms.parties)


class SigningDeadline(Terms):
    months: PositiveInt = Field(title="最迟签订期限（月）")


@rule("agreement.signing_deadline")
def signed_in_time(
    terms: SigningDeadline,
    *,
    works_from: Annotated[date, Field(title="用工首日")],
    signed_on: Annotated[date, Field(title="签订日")],
) -> bool:
    """Whether a written agreement was signed soon enough after the first working day.

    Our reading, the stricter of two: the first working day itself counts, so that one month from the 10th is over
    with the 9th.
    """
    return signed_on < months_after(works_from, terms.months)


class ProbationBand(BaseModel):
    at_least_months: PositiveInt = Field(title="合同期限满（月）")
    months: PositiveInt = Field(title="试用期最长（月）")


class ProbationTerms(Terms):
    bands: list[ProbationBand] = Field(title="分档", min_length=1)


@rule("probation.longest_months")
def probation_findings(
    terms: ProbationTerms,
    *,
    starts_on: StartsOn,
    ends_on: EndsOn,
    probation_months: Annotated[int, Field(title="试用期（月）", ge=0)],
    first_agreement: Annotated[bool, Field(title="首次签约")],
) -> list[Finding]:
    """Whether a probation of so many months may be agreed.

    Where no clause answers there is no probation. The band with the most months that the term reaches counts, the
    number itself included; under the lowest band there is no probation. Our reading: a renewal is with the same
    employer, so it has none.
    """
    if not probation_months:
        return []
    if not first_agreement:
        return [
            Finding(
                code="probation_at_renewal",
                zh="同一单位与同一劳动者只能约定一次试用期，续签不得再设",
                en="the same employer and worker agree on one probation only; a renewal has none",
            )
        ]
    reached = [band for band in terms.bands if months_after(starts_on, band.at_least_months) <= ends_on]
    longest = max(reached, key=lambda band: band.at_least_months).months if reached else 0
    if probation_months <= longest:
        return []
    return [
        Finding(
            code="probation_too_long",
            zh=f"此期限的合同试用期最长 {longest} 个月，所填为 {probation_months} 个月",
            en=f"a contract of this term has at most {longest} months of probation, not {probation_months}",
        )
    ]


AgreementKind = Literal["labour_fixed", "labour_open", "labour_task", "labour_part_time"]


class ProbationLimit(Terms):
    bands: list[ProbationBand] = Field(title="分档", min_length=1)
    by_kind: dict[AgreementKind, NonNegativeInt] = Field(
        default_factory=dict, title="不按期限的合同", description="各种合同的试用期最长（月）；0 为不得约定"
    )


@rule("probation.limit")
def longest_probation(
    terms: ProbationLimit,
    *,
    kind: Annotated[AgreementKind, Field(title="合同种类")],
    months: Annotated[int | None, Field(title="合同期限（月）", ge=0)] = None,
) -> int:
    """How many months of probation a contract of a kind and length may have at most, the first with this employer.

    Our reading: a contract whose length is not given has none, unless its kind alone decides; the number of months at
    which a band begins belongs to it.
    """
    if kind in terms.by_kind:
        return terms.by_kind[kind]
    reached = [band for band in terms.bands if months is not None and months >= band.at_least_months]
    return max(reached, key=lambda band: band.at_least_months).months if reached else 0

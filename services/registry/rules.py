from typing import Annotated, Literal

from pydantic import BaseModel, Field, PositiveInt

from common.areas import Level
from common.policy import Finding, Terms, rule

Obligation = Literal["may", "should"]


class PostPlaces(Terms):
    kinds: list[str] = Field(title="可设岗的组织类型", min_length=1)


@rule("post.place")
def may_hold_posts(terms: PostPlaces, *, organisation_kind: Annotated[str, Field(title="组织类型")]) -> bool:
    """Whether a post may be opened at an organisation of this kind.

    Kinds are codes of the document's own choosing (street_union, community, village ...): whoever registers an
    organisation gives one. Where no clause answers, a post may be opened at any kind.
    """
    return organisation_kind in terms.kinds


class Tier(BaseModel):
    """Reached when any one of the figures is; the tier without figures is where everybody begins."""

    at_least: dict[str, PositiveInt] = Field(default_factory=dict, title="任一指标达到")
    lowest: int = Field(ge=0, title="下限")
    highest: int = Field(ge=0, title="上限")
    obligation: Obligation = Field(title="要求")


class QuotaTerms(Terms):
    tiers: list[Tier] = Field(title="分档", min_length=1)
    extra_for: str | None = Field(default=None, title="增设依据的指标", description="unions、workers 或 households")
    extra_above: int = Field(default=0, ge=0, title="超过多少起增设")
    one_extra_per: PositiveInt | None = Field(default=None, title="每多少增设一个")


class QuotaRange(BaseModel):
    lowest: int
    highest: int
    obligation: Obligation


@rule("quota.for_organisation")
def quota_for_organisation(terms: QuotaTerms, *, figures: Annotated[dict[str, int], Field(title="规模")]) -> QuotaRange:
    """How many posts an organisation of this size may or should have.

    The last tier of which any figure is reached counts. Extra posts are added to both ends of the range, one for
    each whole step above the line: a step begun does not count. The figures of an organisation are its unions, its
    workers and its households.
    """
    reached = [t for t in terms.tiers if not t.at_least or any(figures.get(f, 0) >= n for f, n in t.at_least.items())]
    if not reached:
        return QuotaRange(lowest=0, highest=0, obligation="may")
    tier = reached[-1]
    extra = 0
    if terms.extra_for and terms.one_extra_per:
        extra = max(0, figures.get(terms.extra_for, 0) - terms.extra_above) // terms.one_extra_per
    return QuotaRange(lowest=tier.lowest + extra, highest=tier.highest + extra, obligation=tier.obligation)


class OpeningTerms(Terms):
    above_quota_with_reason: bool = Field(default=False, title="说明理由可超出")
    county_cap: int | None = Field(default=None, ge=0, title="县（市、区）总量")


@rule("post.may_open")
def may_open_post(
    terms: OpeningTerms,
    *,
    posts_open: Annotated[int, Field(title="本组织已设岗位")],
    quota_highest: Annotated[int, Field(title="本组织定额上限")],
    posts_open_in_county: Annotated[int, Field(title="本县（市、区）已设岗位")],
    reason_given: Annotated[bool, Field(title="已说明理由")],
) -> list[Finding]:
    """Whether one more post may be opened here.

    The quota is that of quota.for_organisation, which the document must then give as well.

    Our reading: the county's total binds even where the organisation's own quota would leave room, and a reason does
    not lift it.
    """
    findings = []
    if posts_open + 1 > quota_highest and not (terms.above_quota_with_reason and reason_given):
        findings.append(
            Finding(
                code="over_quota",
                zh=f"再设一个即为 {posts_open + 1} 个，超过定额上限 {quota_highest} 个",
                en=f"one more makes {posts_open + 1}, over the quota of {quota_highest}",
            )
        )
    if terms.county_cap is not None and posts_open_in_county + 1 > terms.county_cap:
        findings.append(
            Finding(
                code="over_county_cap",
                zh=f"全县（市、区）将达 {posts_open_in_county + 1} 个，超过总量 {terms.county_cap} 个",
                en=f"the county would reach {posts_open_in_county + 1}, over its total of {terms.county_cap}",
            )
        )
    return findings


class FilingTerms(Terms):
    receiver: Level = Field(title="备案受理层级")


@rule("filing.required")
def must_be_filed(terms: FilingTerms) -> bool:
    """Whether a hired worker must be filed with a level above; a worker not filed is not counted there.

    Give filing.may_accept the same receiver. Without a clause no filing is opened.
    """
    return bool(terms.receiver)


@rule("filing.may_accept")
def may_accept_filing(terms: FilingTerms, *, acceptor_level: Annotated[Level, Field(title="受理人层级")]) -> bool:
    """Whether an office of this level may return or accept a filing.

    Whoever does so holds the role provincial_registrar, whatever the level that receives.
    """
    return acceptor_level is terms.receiver

"""Who may be taken: conditions of the document and of the plan, bars, categories that come first."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from common.areas import AREA_CODE, within
from common.policy import Finding, Terms, rule


class Education(StrEnum):
    """Lowest first."""

    SENIOR_SECONDARY = "senior_secondary"
    JUNIOR_COLLEGE = "junior_college"
    BACHELOR = "bachelor"
    MASTER = "master"
    DOCTOR = "doctor"

    @property
    def rank(self) -> int:
        return list(Education).index(self)

    @property
    def zh(self) -> str:
        return _EDUCATION[self]


_EDUCATION = {
    Education.SENIOR_SECONDARY: "高中（中专）",
    Education.JUNIOR_COLLEGE: "大专",
    Education.BACHELOR: "本科",
    Education.MASTER: "硕士研究生",
    Education.DOCTOR: "博士研究生",
}


class Status(StrEnum):
    """What an applicant may hold or be, where a condition or a preference asks for it."""

    SOCIAL_WORK_CERTIFICATE = "social_work_certificate"
    SOCIAL_WORK_DEGREE = "social_work_degree"
    COMMUNITY_WORKER = "community_worker"
    SOCIOLOGY_GRADUATE = "sociology_graduate"
    VETERAN = "veteran"


STATUS_NAMES = {
    Status.SOCIAL_WORK_CERTIFICATE: "社会工作者职业水平证书",
    Status.SOCIAL_WORK_DEGREE: "社会工作专业学位",
    Status.COMMUNITY_WORKER: "在职社区工作者",
    Status.SOCIOLOGY_GRADUATE: "社会学专业毕业生",
    Status.VETERAN: "退役军人",
}


class Conditions(Terms):
    """What a document itself asks of everyone; what it leaves out is the plan's own to set."""

    oldest_age: PositiveInt | None = Field(default=None, title="最高年龄（周岁）")
    lowest_education: Education | None = Field(default=None, title="最低学历")
    holds_one_of: tuple[Status, ...] = Field(default=(), title="至少具备其一")


class PlanConditions(BaseModel):
    permitted: bool
    findings: list[Finding]


@rule("plan.conditions")
def plan_conditions(
    terms: Conditions,
    *,
    oldest_age: Annotated[PositiveInt | None, Field(title="方案最高年龄")] = None,
    lowest_education: Annotated[Education | None, Field(title="方案最低学历")] = None,
) -> PlanConditions:
    """Whether a plan's conditions keep to the document's.

    Give the same terms to applicant.qualified, which holds each applicant to them. A plan may be stricter than the
    document, never laxer; where the document gives no figure the plan's own holds.
    """
    findings = []
    if terms.oldest_age is not None and oldest_age is not None and oldest_age > terms.oldest_age:
        findings.append(
            Finding(
                code="age_above_document",
                zh=f"方案年龄上限{oldest_age}周岁超过规定的{terms.oldest_age}周岁",
                en=f"the plan's age limit {oldest_age} is above the document's {terms.oldest_age}",
            )
        )
    floor = terms.lowest_education
    if floor is not None and lowest_education is not None and lowest_education.rank < floor.rank:
        findings.append(
            Finding(
                code="education_below_document",
                zh=f"方案学历要求“{lowest_education.zh}”低于规定的“{floor.zh}”",
                en=f"the plan's education {lowest_education} is below the document's {floor}",
            )
        )
    return PlanConditions(permitted=not findings, findings=findings)


class AgeRelaxation(Terms):
    """For whom a plan may relax the age."""

    statuses: tuple[Status, ...] = Field(title="可放宽年龄的人员")


@rule("plan.age_relaxation")
def age_relaxation(
    terms: AgeRelaxation, *, statuses: Annotated[list[Status], Field(title="方案放宽年龄的人员")]
) -> list[Finding]:
    """Whether a plan may relax the age for these people.

    The document says for whom and leaves open by how much: the plan says so or sets no limit for them.
    """
    return [
        Finding(
            code="not_relaxable",
            zh=f"“{STATUS_NAMES[status]}”不属于可放宽年龄的人员",
            en=f"the age may not be relaxed for {status}",
        )
        for status in statuses
        if status not in terms.statuses
    ]


class OwnConditions(BaseModel):
    """What the plan itself asks; a relaxed limit of None is no limit for those statuses."""

    model_config = ConfigDict(frozen=True)

    oldest_age: PositiveInt | None = None
    lowest_education: Education | None = None
    age_relaxed_for: tuple[Status, ...] = ()
    relaxed_oldest_age: PositiveInt | None = None


@rule("applicant.qualified")
def applicant_qualified(
    terms: Conditions,
    *,
    age: Annotated[NonNegativeInt, Field(title="报名日周岁")],
    education: Annotated[Education, Field(title="学历")],
    statuses: Annotated[list[Status], Field(title="身份与资格")],
    plan: Annotated[OwnConditions, Field(title="方案条件")],
    further_conditions_met: Annotated[bool, Field(title="方案其他条件是否符合")] = True,
) -> list[Finding]:
    """Whether an applicant meets the conditions of the document and of the plan.

    Age in completed years on the day of the application; a limit of forty takes in everyone who has not yet turned
    forty-one. Both limits hold; where the plan relaxes the age for somebody, neither does, but the relaxed one.
    Further conditions in words are the reviewer's finding.
    """
    findings = list(_too_old(terms, age=age, statuses=statuses, plan=plan))
    floor = max((one for one in (terms.lowest_education, plan.lowest_education) if one), key=_rank, default=None)
    if floor is not None and education.rank < floor.rank:
        findings.append(
            Finding(
                code="education_too_low",
                zh=f"学历“{education.zh}”低于要求的“{floor.zh}”",
                en=f"education {education} is below {floor}",
            )
        )
    if terms.holds_one_of and not {*terms.holds_one_of} & {*statuses}:
        wanted = "、".join(STATUS_NAMES[one] for one in terms.holds_one_of)
        findings.append(
            Finding(
                code="certificate_missing",
                zh=f"须具备其一：{wanted}",
                en=f"one of these is needed: {', '.join(terms.holds_one_of)}",
            )
        )
    if not further_conditions_met:
        findings.append(
            Finding(
                code="further_conditions_not_met",
                zh="经审查不符合方案的其他条件",
                en="the reviewer found a further condition of the plan not met",
            )
        )
    return findings


def _rank(education: Education) -> int:
    return education.rank


def _too_old(terms: Conditions, *, age: int, statuses: list[Status], plan: OwnConditions) -> list[Finding]:
    relaxed = bool({*plan.age_relaxed_for} & {*statuses})
    limits = [plan.relaxed_oldest_age] if relaxed else [terms.oldest_age, plan.oldest_age]
    limit = min((one for one in limits if one is not None), default=None)
    if limit is None or age <= limit:
        return []
    return [
        Finding(
            code="too_old",
            zh=f"报名日已满{age}周岁，超过{limit}周岁的上限",
            en=f"{age} years old on the day of the application, above the limit of {limit}",
        )
    ]


class WorkingAge(Terms):
    youngest: PositiveInt = Field(title="最低年龄（周岁）")


@rule("applicant.working_age")
def applicant_of_working_age(
    terms: WorkingAge, *, age: Annotated[NonNegativeInt, Field(title="报名日周岁")]
) -> list[Finding]:
    """Whether an applicant is old enough to work at all; the birthday itself suffices."""
    if age >= terms.youngest:
        return []
    return [
        Finding(
            code="too_young",
            zh=f"报名日仅满{age}周岁，未满{terms.youngest}周岁",
            en=f"{age} years old on the day of the application, below {terms.youngest}",
        )
    ]


class Bar(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(title="代码", max_length=60, pattern=r"^[a-z][a-z0-9_]*$")
    zh: str = Field(title="情形")
    en: str


class Bars(Terms):
    """What rules a person out."""

    bars: tuple[Bar, ...] = Field(title="不得录用的情形", min_length=1)


@rule("applicant.bars", every=True)
def applicant_bars(
    terms: Bars,
    *,
    declared: Annotated[list[str], Field(title="本人申报的情形")],
    found: Annotated[list[str], Field(title="审查发现的情形")],
) -> list[Finding]:
    """Which bars stand against an applicant.

    One is enough, whether the applicant declared it or the reviewer found it. Bars of several documents add up.
    """
    return [
        Finding(
            code=bar.code,
            zh=f"{bar.zh}（{'审查发现' if bar.code in found else '本人申报'}）",
            en=f"{bar.en} ({'found by the reviewer' if bar.code in found else 'declared by the applicant'})",
        )
        for bar in terms.bars
        if bar.code in declared or bar.code in found
    ]


class HardToEmploy(Terms):
    """Who counts as hard to employ, and of which household register."""

    household_area: str = Field(title="户籍地区", pattern=AREA_CODE)
    graduate_education: Education = Field(title="高校毕业生最低学历")
    graduate_months: PositiveInt = Field(title="高校毕业生离校未就业月数")
    women_from: PositiveInt = Field(title="失业女性年龄")
    men_from: PositiveInt = Field(title="失业男性年龄")
    unemployed_months: PositiveInt = Field(title="连续失业月数")


class Category(StrEnum):
    UNEMPLOYED_GRADUATE = "unemployed_graduate"
    OLDER_UNEMPLOYED = "older_unemployed"
    LONG_UNEMPLOYED = "long_unemployed"


class Placed(BaseModel):
    category: Category | None


@rule("applicant.category")
def applicant_category(
    terms: HardToEmploy,
    *,
    household_area: Annotated[str | None, Field(title="户籍地区")],
    age: Annotated[NonNegativeInt, Field(title="报名日周岁")],
    female: Annotated[bool, Field(title="是否女性")],
    education: Annotated[Education, Field(title="学历")],
    unemployed_months: Annotated[NonNegativeInt | None, Field(title="连续失业月数")],
    months_since_graduation: Annotated[NonNegativeInt | None, Field(title="毕业后月数")],
) -> Placed:
    """In which category of people who are hard to employ an applicant falls, if in any.

    Facts of the day of the application. Somebody who gives no months out of work is in work and falls in none. The
    first category that fits is given; all of them come first alike.
    """
    if household_area is None or not within(household_area, terms.household_area) or unemployed_months is None:
        return Placed(category=None)
    graduate = education.rank >= terms.graduate_education.rank
    if graduate and months_since_graduation is not None and months_since_graduation >= terms.graduate_months:
        return Placed(category=Category.UNEMPLOYED_GRADUATE)
    if age >= (terms.women_from if female else terms.men_from):
        return Placed(category=Category.OLDER_UNEMPLOYED)
    if unemployed_months >= terms.unemployed_months:
        return Placed(category=Category.LONG_UNEMPLOYED)
    return Placed(category=None)

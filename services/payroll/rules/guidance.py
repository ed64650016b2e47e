"""Within which bounds pay may be set, and by whom it is approved."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from common.actors import Role
from common.areas import Level
from common.money import Yuan
from common.policy import Finding, Terms, rule
from common.words import word
from payroll.rules.amounts import Amount

Table = dict[str, Amount]

_LEVELS = tuple(Level)  # the widest first


class PayGuidance(Terms):
    lowest: Table = Field(default={}, title="指导标准下限", description="“岗位类别|等级”或“岗位类别”→ 元/月")
    highest: Table = Field(default={}, title="指导标准上限", description="“岗位类别|等级”或“岗位类别”→ 元/月")

    @model_validator(mode="after")
    def _lowest_first(self) -> "PayGuidance":
        for key, lowest in self.lowest.items():
            if key in self.highest and lowest > self.highest[key]:
                raise ValueError(f"{key}: the lowest {lowest} lies above the highest {self.highest[key]}")
        return self


def _published(table: Table, post_class: str, grade: int) -> Decimal | None:
    return table.get(f"{post_class}|{grade}", table.get(post_class))


@rule("pay.guidance")
def pay_within_guidance(
    terms: PayGuidance,
    *,
    post_class: Annotated[str, Field(title="岗位类别")],
    grade: Annotated[int, Field(title="等级", ge=1)],
    monthly_amount: Annotated[Yuan, Field(title="月标准")],
) -> list[Finding]:
    """Whether a pay standard keeps to the guidance that was published.

    Our reading: guidance is by class and grade, or by class for all its grades; what it does not name
    it does not bound.
    """
    lowest = _published(terms.lowest, post_class, grade)
    highest = _published(terms.highest, post_class, grade)
    place_zh, place_en = f"{word(post_class)}{grade}级", f"{post_class}, grade {grade}"
    if lowest is not None and monthly_amount < lowest:
        return [
            Finding(
                code="below_guidance",
                zh=f"{place_zh}月标准{monthly_amount}元，低于公布的指导标准下限{lowest}元",
                en=f"{monthly_amount} yuan a month for {place_en} is below the published lowest of {lowest}",
            )
        ]
    if highest is not None and monthly_amount > highest:
        return [
            Finding(
                code="above_guidance",
                zh=f"{place_zh}月标准{monthly_amount}元，高于公布的指导标准上限{highest}元",
                en=f"{monthly_amount} yuan a month for {place_en} is above the published highest of {highest}",
            )
        ]
    return []


class StandardApprovers(Terms):
    offices: tuple[Role, ...] = Field(title="核定机关", description="可以核定薪酬标准的机关", min_length=1)
    level: Level | None = Field(default=None, title="最低核定层级", description="该级或以上的机关核定；不填则不限")


@rule("standard.approvers")
def may_approve_standard(
    terms: StandardApprovers,
    *,
    roles: Annotated[list[Role], Field(title="办理人机关")],
    level: Annotated[Level, Field(title="办理人层级")],
) -> list[Finding]:
    """Whether an office may approve a pay standard.

    Where no clause answers, whoever the access matrix lets may.

    Our reading: the level named is the lowest; the same office of a level above it may as well.
    """
    offices_zh = "、".join(word(office) for office in terms.offices)
    offices_en = ", ".join(terms.offices)
    if not set(terms.offices) & set(roles):
        return [
            Finding(
                code="wrong_office",
                zh=f"薪酬标准由{offices_zh}核定",
                en=f"the pay standard is set by: {offices_en}",
            )
        ]
    if terms.level is not None and _LEVELS.index(level) > _LEVELS.index(terms.level):
        return [
            Finding(
                code="wrong_level",
                zh=f"薪酬标准由{word(terms.level)}或以上{offices_zh}核定，办理人为{word(level)}",
                en=f"the pay standard is set at the level of the {terms.level} or above, this is the {level}",
            )
        ]
    return []

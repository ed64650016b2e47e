"""The table of pay by class and grade: which classes it has, and whether an amount may fall."""

from typing import Annotated

from pydantic import Field, PositiveInt

from common.money import Yuan
from common.policy import Finding, Terms, rule
from common.text import Code
from common.words import word


class PostClasses(Terms):
    classes: tuple[Code, ...] = Field(title="岗位类别", description="薪酬标准按这些类别制定", min_length=1)
    most_grades: PositiveInt | None = Field(default=None, title="最高等级", description="每类的等级数；不填则不限")


@rule("standard.post_class")
def standard_has_class(
    terms: PostClasses,
    *,
    post_class: Annotated[str, Field(title="岗位类别")],
    grade: Annotated[int, Field(title="等级", ge=1)],
) -> list[Finding]:
    """Whether there is a pay standard for a class of posts and a grade.

    Where no clause answers, any class may have one.

    Our reading: each class has grades of its own, from 1 upwards. By what a grade is found is not decided here.
    """
    findings = []
    if post_class not in terms.classes:
        known = "、".join(word(one) for one in terms.classes)
        findings.append(
            Finding(
                code="unknown_class",
                zh=f"岗位分为{known}，没有“{word(post_class)}”一类",
                en=f"the classes of posts are {', '.join(terms.classes)}; {post_class} is none of them",
            )
        )
    if terms.most_grades is not None and grade > terms.most_grades:
        findings.append(
            Finding(
                code="unknown_grade",
                zh=f"每类岗位最高{terms.most_grades}级，没有{grade}级",
                en=f"each class has {terms.most_grades} grades; there is no grade {grade}",
            )
        )
    return findings


class KeptStandard(Terms):
    may_fall: bool = Field(title="可否下调", description="新的薪酬标准可否低于此前的标准")


@rule("standard.never_lowered")
def standard_not_lowered(
    terms: KeptStandard,
    *,
    before: Annotated[Yuan, Field(title="此前的月标准")],
    monthly_amount: Annotated[Yuan, Field(title="月标准")],
) -> list[Finding]:
    """Whether a pay standard falls below the one that held before it for the same class and grade.

    Where no clause answers, it may.

    Our reading: what is not to be lowered is the standard of each class and grade, also where the average does not
    stand above its reference. The one before is that of the nearest area on the day before; one of the same day, which
    the new one takes the place of, may have been a slip of the pen.
    """
    if terms.may_fall or monthly_amount >= before:
        return []
    return [
        Finding(
            code="standard_lowered",
            zh=f"月标准{monthly_amount}元低于此前的{before}元；已有水平应予维持，不得下调",
            en=f"{monthly_amount} yuan a month is less than the {before} before it; the level is kept and not lowered",
        )
    ]

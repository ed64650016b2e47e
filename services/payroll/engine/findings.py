"""What stands in the way of a slip, in words that an office can act on."""

from common.policy import Finding
from payroll.engine.columns import ABSENT, Inputs
from payroll.rules.arithmetic import yuan
from payroll.rules.composition import Component


def standard_missing(inputs: Inputs, row: int) -> Finding:
    stretch = next(
        place
        for place in range(len(inputs.slip))
        if int(inputs.slip[place]) == row and int(inputs.standard[place]) == ABSENT
    )
    post_class, grade = (_word(inputs, key, stretch) for key in ("post_class", "grade"))
    day = f"{inputs.month}-{int(inputs.first_day[stretch]):02}"
    return Finding(
        code="standard_missing",
        zh=f"缺少薪酬标准：地区{inputs.area}、{inputs.staff}、岗位类别{post_class}、{grade}级，{day}起；"
        "请由本级或上级机构设定，并由另一人批准",
        en=f"no approved pay standard for area {inputs.area}, {inputs.staff}, {post_class}, grade {grade} on {day}; "
        "set one here or in an area above, and have somebody else approve it",
    )


def table_key_unknown(inputs: Inputs, one: Component, row: int) -> Finding:
    stretch = int(inputs.slip.searchsorted(row, side="right")) - 1
    words = "、".join(_word(inputs, key, stretch) for key in one.keys)
    return Finding(
        code="table_key_unknown",
        zh=f"“{one.label_zh}”的金额表中没有“{words}”这一项；请核对人员信息，或补录金额表",
        en=f"the table of {one.component} has no amount for {words}; check the person's facts or complete the table",
    )


def _word(inputs: Inputs, key: str, stretch: int) -> str:
    if key == "years":
        return str(int(inputs.years[stretch]))
    coded = inputs.keys.get(key)
    code = -1 if coded is None else int(coded.codes[stretch])
    return "（空）" if coded is None or code < 0 else coded.words[code]


def score_missing() -> Finding:
    return Finding(
        code="score_missing",
        zh="绩效总额分配缺少得分：尚无年度考核结果，也未填报本月得分；请填报得分",
        en="no score for the pool: neither a yearly evaluation nor one entered for this month; enter a score",
    )


def pool_without_scores() -> Finding:
    return Finding(
        code="pool_without_scores",
        zh="本街道全部人员得分均为0，绩效总额无法分配；请更正得分",
        en="everyone in the street scored nothing, so the pool cannot be shared; correct the scores",
    )


def not_entered_here(clause: str) -> Finding:
    return Finding(
        code="performance_not_entered_here",
        zh=f"依{clause}，该类人员的工资没有单独填报的绩效项；请删去填报的绩效工资",
        en=f"under {clause} this pay has no part that is entered by hand; take the performance pay out",
    )


def entry_unknown(code: str, clause: str) -> Finding:
    return Finding(
        code="entry_not_paid_here",
        zh=f"依{clause}，该类人员的工资没有“{code}”这一填报项；请删去或改填",
        en=f"under {clause} nothing is paid for the entry {code}; take it out or enter it as something else",
    )


def too_much() -> Finding:
    return Finding(
        code="amount_too_large",
        zh="填报或标准中的金额过大，超出核算范围；请核对",
        en="an amount among the facts is larger than pay can be; check it",
    )


def without_rule(what_zh: str, what_en: str) -> Finding:
    return Finding(
        code="no_rule_for_entry",
        zh=f"本地区没有条款规定{what_zh}如何计发，本次未计；请核对",
        en=f"no clause says here how {what_en} is paid, so it was left out; please check",
    )


def leave_without_rule(kind: str) -> Finding:
    return Finding(
        code="no_rule_for_leave",
        zh=f"本地区没有条款规定“{kind}”假期间的工资，按正常出勤计发；请核对",
        en=f"no clause says here what is paid for {kind} leave; it was paid like days at work, please check",
    )


def net_below_zero(gross: int, taken: int) -> Finding:
    return Finding(
        code="net_below_zero",
        zh=f"应发{yuan(gross)}元，不足以扣缴个人缴费、税款和各项代扣{yuan(taken)}元；请核对在岗日期和填报内容",
        en=f"gross pay {yuan(gross)} yuan does not cover contributions, tax and deductions of {yuan(taken)} yuan; "
        "check the days in the post and what was entered",
    )


def advanced(gross: int, amount: int) -> Finding:
    return Finding(
        code="advanced_by_employer",
        zh=f"应发{yuan(gross)}元不足以扣缴，由单位垫付{yuan(amount)}元，个人待还，以后从工资中扣回；请核对在岗日期和缴费基数",
        en=f"gross pay {yuan(gross)} yuan does not cover what is taken: the employer lays out {yuan(amount)} yuan, to "
        "be recovered from later pay; check the days in the post and the contribution bases",
    )


def deduction_too_large(name: str, amount: int, most: int) -> Finding:
    return Finding(
        code="deduction_too_large",
        zh=f"代扣“{name}”{yuan(amount)}元，超过本月可扣的{yuan(most)}元；请改填",
        en=f"{yuan(amount)} yuan are to be deducted for {name}, at most {yuan(most)} may be; enter less",
    )

"""What the clauses of made-up places fix, shaped after the seed schemes: drawn, so that no figure is met by habit."""

from typing import Any

from numpy.random import Generator

from payroll.tests.oracle.records import Place, Terms

YEAR_TABLE: list[Terms] = [
    {"up_to": "36000.00", "rate": "0.03", "quick": "0.00"},
    {"up_to": "144000.00", "rate": "0.10", "quick": "2520.00"},
    {"up_to": "300000.00", "rate": "0.20", "quick": "16920.00"},
    {"up_to": "420000.00", "rate": "0.25", "quick": "31920.00"},
    {"up_to": "660000.00", "rate": "0.30", "quick": "52920.00"},
    {"up_to": "960000.00", "rate": "0.35", "quick": "85920.00"},
    {"up_to": None, "rate": "0.45", "quick": "181920.00"},
]
MONTH_TABLE: list[Terms] = [
    {"up_to": "3000.00", "rate": "0.03", "quick": "0.00"},
    {"up_to": "12000.00", "rate": "0.10", "quick": "210.00"},
    {"up_to": "25000.00", "rate": "0.20", "quick": "1410.00"},
    {"up_to": "35000.00", "rate": "0.25", "quick": "2660.00"},
    {"up_to": "55000.00", "rate": "0.30", "quick": "4410.00"},
    {"up_to": "80000.00", "rate": "0.35", "quick": "7160.00"},
    {"up_to": None, "rate": "0.45", "quick": "15160.00"},
]
POST_CLASSES = ("head", "committee", "ordinary")
GRADES = ("1", "2", "3", "4")
CERTIFICATES = ("assistant_social_worker", "social_worker", "senior_social_worker")
EDUCATION = ("21", "31", "61")


def any_of(draw: Generator, *choices: Any) -> Any:
    return choices[int(draw.integers(len(choices)))]


def tax_place(*, bonus_apart: bool = True) -> Place:
    place: Place = {
        "tax.cumulative_withholding": {"basic_monthly": "5000.00", "brackets": YEAR_TABLE},
        "tax.basic_months": {
            "modes": ["employment_months", "first_job_of_year", "annual_60000"],
            "whole_year": 12,
        },
        "tax.bonus_choice": {"times_a_year": 1, "when_equal": "merged"},
    }
    if bonus_apart:
        place["tax.bonus_apart"] = {"months": 12, "brackets": MONTH_TABLE}
    return place


def _contributions(draw: Generator, *, housing_fund: bool = True) -> Terms:
    """Each scheme with a floor, a ceiling, a unit and a rounding of its own."""
    drawn = (
        ("pension", "0.16", "0.08", "0.00"),
        ("medical", any_of(draw, "0.087", "0.075", "0.0688"), "0.02", any_of(draw, "7.00", "0.00", "10.00")),
        ("unemployment", "0.007", any_of(draw, "0.003", "0.005"), "0.00"),
        ("injury", any_of(draw, "0.002", "0.0016", "0.00475"), "0.00", "0.00"),
        ("housing_fund", "0.08", any_of(draw, "0.08", "0.05", "0.12"), "0.00"),
    )
    schemes = []
    for scheme, employer, worker, fixed in drawn[: 5 if housing_fund else 4]:
        floor = any_of(draw, "4307.10", "4494.00", "2120.00", "4952.01", "0.00")
        is_fund = scheme == "housing_fund"
        schemes.append(
            {
                "scheme": scheme,
                "employer": employer,
                "worker": worker,
                "worker_fixed": fixed,
                "floor": floor,
                "ceiling": any_of(draw, "21535.50", "22467.00", "24762.33", floor),
                "unit": any_of(draw, "1", "0.1", "0.01") if is_fund else any_of(draw, "0.01", "0.01", "0.1"),
                "rounding": any_of(draw, "half_up", "up", "down"),
                "part_time": scheme == "injury",
                "statuses": ["yes", "pensioner"] if scheme == "injury" else ["yes"],
                "first_job_from": 2 if is_fund else 1,
                "unset_base": any_of(draw, "first_month", "first_month", "first_month", "each_month"),
            }
        )
    return {"schemes": schemes}


def _part_of_month(draw: Generator) -> Terms:
    terms: Terms = {"method": any_of(draw, "by_21_75", "by_working_days", "by_calendar_days")}
    return terms | ({"paid_days": "21.75"} if terms["method"] == "by_21_75" else {})


_OVERTIME: Terms = {
    "paid_days": "21.75",
    "hours_a_day": "8",
    "times": {"working_day": "1.5", "rest_day": "2", "holiday": "3"},
}
_DUES: Terms = {"share": "0.005", "unit": "10.00"}
_ALLOWANCE: Terms = {
    "lowest": "200.00",
    "amounts": dict(zip(CERTIFICATES, ("200.00", "333.33", "500.05"), strict=True)),
}
_LEAVE: Terms = {
    "kinds": {
        "personal": {"share": "0"},
        "sick": {"share": "0.60", "floor_share": "0.80"},
        "maternity": {"by_fund": True, "tops_up": True},
        "parental": {"by_fund": True},
        "annual": {"share": "1"},
    }
}
_UNUSED_LEAVE: Terms = {"paid_days": "21.75", "times": "3", "normal_times": "1"}


def pooled_place(draw: Generator) -> Place:
    """Base by grade, a pool shared by evaluation, an allowance by certificate."""
    share = any_of(draw, "0.70", "0.70", "0.667")
    rest = {"0.70": "0.30", "0.667": "0.333"}[share]
    return {
        "pay.composition": {
            "components": [
                {"component": "base", "label_zh": "基础报酬", "kind": "share_of_standard", "share": share},
                {
                    "component": "performance",
                    "label_zh": "绩效奖金",
                    "kind": "pooled_share_of_standard",
                    "share": rest,
                },
                {"component": "certificate_allowance", "label_zh": "社工师补贴", "kind": "certificate_allowance"},
            ]
        },
        "pool.shares": {"weigh_by": any_of(draw, "score", "score", "score_and_share")},
        "allowance.certificate": _ALLOWANCE,
        "pay.partial_month": _part_of_month(draw),
        "contributions.amounts": _contributions(draw),
        "union.dues": _DUES,
        "leave.pay": _LEAVE,
    }


def stepped_place(draw: Generator) -> Place:
    """Base by class and grade, steps by years and education, results entered; nobody under what he had before."""
    grades = {f"{one}|{grade}": f"{3000 + 37 * i}.{7 * i:02}" for i, (one, grade) in enumerate(_pairs())}
    return {
        "pay.composition": {
            "components": [
                {
                    "component": "base",
                    "label_zh": "岗位工资",
                    "kind": "by_table",
                    "keys": ["post_class", "grade"],
                    "amounts": grades,
                },
                {
                    "component": "years",
                    "label_zh": "年限工资",
                    "kind": "per_year",
                    "amount": "33.33",
                    "most_years": 20,
                },
                {
                    "component": "education",
                    "label_zh": "学历津贴",
                    "kind": "by_table",
                    "keys": ["education"],
                    "amounts": {"21": "300.00", "31": "150.01"},
                    "optional": True,
                },
                {"component": "performance", "label_zh": "绩效工资", "kind": "entered"},
                {"component": "kept", "label_zh": "保留差额", "kind": "kept_level"},
            ]
        },
        "pay.partial_month": _part_of_month(draw),
        "contributions.amounts": _contributions(draw),
        "pay.overtime": _OVERTIME,
        "leave.unused_pay": _UNUSED_LEAVE,
        "leave.pay": _LEAVE,
        "union.dues": _DUES,
    }


def _pairs() -> list[tuple[str, str]]:
    return [(one, grade) for one in POST_CLASSES for grade in GRADES]


def plain_place(draw: Generator) -> Place:
    """The whole standard as it is, held to the minimum wage, overtime paid by the hour."""
    return {
        "pay.composition": {
            "components": [{"component": "base", "label_zh": "岗位工资", "kind": "share_of_standard", "share": "1.00"}]
        },
        "pay.partial_month": _part_of_month(draw),
        "contributions.amounts": _contributions(draw, housing_fund=False),
        "pay.meets_floor": {
            "basis": {"full_time": "monthly", "part_time": "hourly"},
            "own_contributions_count": any_of(draw, True, False),
        },
        "wage.floor": {"monthly": "2400.00", "hourly": "24.00"},
        "pay.overtime": _OVERTIME,
        "leave.unused_pay": _UNUSED_LEAVE,
        "leave.pay": _LEAVE,
        "union.dues": _DUES,
    }


def hourly_place(draw: Generator) -> Place:
    """Part-timers: hours at a rate, injury insurance alone, held to the hourly minimum."""
    return {
        "pay.composition": {
            "components": [
                {
                    "component": "hourly",
                    "label_zh": "小时工资",
                    "kind": "hourly",
                    "rate": any_of(draw, "24.00", "24.01", "31.33"),
                }
            ]
        },
        "contributions.amounts": _contributions(draw, housing_fund=False),
        "pay.meets_floor": {"basis": {"part_time": "hourly"}},
        "wage.floor": {"monthly": "2400.00", "hourly": "24.00"},
    }


def composed_place(draw: Generator) -> Place:
    """A grade that is divided into base and pool, with steps, a share on top, a lift, a cut, and pay in probation."""
    grades = {f"{one}|{grade}": f"{4000 + 111 * i}.{3 * i:02}" for i, (one, grade) in enumerate(_pairs())}
    grades.pop("ordinary|4")  # whose slip waits for the table to be completed
    table = {"kind": "by_table", "keys": ["post_class", "grade"], "amounts": grades}
    years = {"0": "0.00", "5": "88.88", "10": "177.77", "20": "400.00"}
    return {
        "pay.composition": {
            "components": [
                {"component": "grade", "label_zh": "等级工资", "paid": False} | table,
                {"component": "base", "label_zh": "基础报酬", "kind": "share_of", "of": ["grade"], "share": "0.65"},
                {
                    "component": "performance",
                    "label_zh": "绩效奖金",
                    "kind": "pooled_share_of",
                    "of": ["grade"],
                    "share": "0.35",
                },
                {"component": "step", "label_zh": "年功", "kind": "by_table", "keys": ["years"], "amounts": years},
                {
                    "component": "title",
                    "label_zh": "学历补贴",
                    "kind": "by_table",
                    "keys": ["education"],
                    "amounts": {"21": "512.34"},
                    "else": "50.00",
                },
                {
                    "component": "hardship",
                    "label_zh": "艰苦补贴",
                    "kind": "share_of",
                    "of": ["base", "step"],
                    "share": any_of(draw, "0.05", "0.1234"),
                },
                {
                    "component": "lift",
                    "label_zh": "保底差额",
                    "kind": "floor_of",
                    "of": ["base", "step", "title"],
                    "amount": any_of(draw, "3100.00", "3500.01"),
                },
                {
                    "component": "cut",
                    "label_zh": "封顶扣减",
                    "kind": "ceiling_of",
                    "of": ["hardship", "title"],
                    "amount": any_of(draw, "300.00", "649.99"),
                },
                {"component": "kept", "label_zh": "保留差额", "kind": "kept_level"},
            ]
        },
        "pool.shares": {"weigh_by": any_of(draw, "score", "score_and_share")},
        "pay.partial_month": _part_of_month(draw),
        "pay.probation": {"lowest_share": "0.80", "share": any_of(draw, "0.80", "0.9333")},
        "contributions.amounts": _contributions(draw),
        "pay.overtime": _OVERTIME,
        "leave.pay": _LEAVE,
        "union.dues": _DUES,
    }


def deduction_limits(draw: Generator, *, keeps_floor: bool) -> Place:
    """What may be taken off for damage, and for what a worker owes; in some places nothing bounds the latter."""
    share = any_of(draw, "0.20", "0.20", "0.333")
    terms: Terms = {"limits": {"damage": {"share": share, "keeps_floor": keeps_floor}}}
    if draw.random() < 0.8:
        terms["owed"] = {"share": any_of(draw, share, "0.1234"), "keeps_floor": keeps_floor and draw.random() < 0.8}
    return {"pay.deduction_limits": terms}


PLACES = {
    "composed": composed_place,
    "pooled": pooled_place,
    "stepped": stepped_place,
    "plain": plain_place,
    "hourly": hourly_place,
}

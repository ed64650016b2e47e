"""Write `old-payroll.xlsx`: the sheet that an invented county federation kept by hand, with its habits and one slip.

Figures are reckoned here as a spreadsheet would, in `Decimal` and without this platform. People and scheme are made up;
rates and limits are Nanjing's in `policies/parameters/`. After a change: `python data/samples/make_old_payroll.py`.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import xlsxwriter

FILE = Path(__file__).with_name("old-payroll.xlsx")
FEN, YUAN = Decimal("0.01"), Decimal(1)
MARCH, DAYS = date(2026, 3, 1), 31

STANDARDS = {"ordinary": Decimal(5200), "head": Decimal(6800)}
LEVELS = {"assistant_social_worker": Decimal(200), "social_worker": Decimal(400), "": Decimal(0)}
EDUCATION = {"bachelor": Decimal(150), "master": Decimal(300), "junior_college": Decimal(0)}
RESULTS = {"excellent": Decimal(350), "qualified": Decimal(150)}
A_YEAR, HEAD = Decimal(30), Decimal(500)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章"
GIVEN = ("明远", "秀兰", "建国", "晓燕", "志强", "丽华", "海涛", "春梅")
STREETS = ("320102002", "320102003", "320102004", "320102005")

FACTS = (
    *("姓名", "街道", "岗位", "入职", "离岗", "证书", "学历", "考核", "缴费基数", "业绩考评工资", "专项附加扣除"),
    *("事假", "1至2月收入", "1至2月个人缴费", "1至2月已扣税"),
)
EARNED = ("基本工资", "职业水平", "年限", "学历", "职务", "业绩", "业绩考评工资")
TAKEN = ("养老保险", "医疗保险", "失业保险", "住房公积金")


def to_fen(amount: Decimal) -> Decimal:
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


@dataclass
class Worker:
    number: int
    habit: str = ""
    earned: dict[str, Decimal] = field(default_factory=dict)
    taken: dict[str, Decimal] = field(default_factory=dict)
    tax: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        n = self.number
        self.name = SURNAMES[n] + GIVEN[n * 3 % len(GIVEN)]
        self.post = "head" if n % 10 == 4 else "ordinary"
        self.level = ("", "assistant_social_worker", "", "social_worker")[n % 4]
        self.education = ("bachelor", "junior_college", "bachelor", "master", "junior_college")[n % 5]
        self.result = "excellent" if n % 7 == 2 else "qualified"
        self.hired = {"whole month": date(2026, 3, 16), "calendar days": date(2026, 3, 11)}.get(
            self.habit, date(2017 + n % 8, 1 + n % 2, 1)
        )
        self.left = MARCH if self.habit == "paid after leaving" else None
        self.base = Decimal(5000 + n * 173 % 2900) + n * Decimal("0.37")
        self.performance = Decimal(900 + n * 70 % 1100)
        self.additional = Decimal(2000) if n % 6 == 1 or self.habit == "no additional" else Decimal(0)

    @property
    def is_new(self) -> bool:
        return self.hired > MARCH

    def reckon(self) -> None:
        self._earn()
        self._contribute()
        before = self.january_and_february
        allowance = Decimal(0) if self.habit == "no additional" else self.additional
        months, income, special, withheld = 1, Decimal(0), Decimal(0), Decimal(0)
        if not self.is_new and self.habit != "month alone":
            months, (income, special, withheld) = 3, before
        due = income + sum(self.earned.values()) - special - sum(self.taken.values()) - months * (5000 + allowance)
        self.tax = max(to_fen(max(due, Decimal(0)) * Decimal("0.03")) - withheld, Decimal(0))
        if self.habit == "typing error":
            self.earned["学历"] = Decimal("510.00")

    def _earn(self) -> None:
        years = 0 if self.is_new else MARCH.year - self.hired.year
        whole = {
            "基本工资": STANDARDS[self.post],
            "职业水平": LEVELS[self.level],
            "年限": A_YEAR * years,
            "学历": EDUCATION[self.education],
            "职务": HEAD if self.post == "head" else Decimal(0),
            "业绩": Decimal(0) if self.is_new else RESULTS[self.result],
        }
        if self.habit == "calendar days":
            whole = {name: to_fen(amount * (DAYS - self.hired.day + 1) / DAYS) for name, amount in whole.items()}
        self.earned = {**whole, "业绩考评工资": self.performance}

    def _contribute(self) -> None:
        monthly = sum(self.earned.values()) - self.performance
        base = max(monthly if self.habit == "pay as base" else self.base, Decimal(4952))
        fixed = Decimal(0) if self.habit == "no fixed amount" else Decimal(10)
        unit = YUAN if self.habit == "whole yuan" else FEN
        self.taken = {
            "养老保险": (base * Decimal("0.08")).quantize(unit, rounding=ROUND_HALF_UP),
            "医疗保险": (base * Decimal("0.02") + fixed).quantize(unit, rounding=ROUND_HALF_UP),
            "失业保险": (base * Decimal("0.005")).quantize(unit, rounding=ROUND_HALF_UP),
            "住房公积金": (base * Decimal("0.08")).quantize(YUAN, rounding=ROUND_HALF_UP),
        }

    @property
    def january_and_february(self) -> tuple[Decimal, Decimal, Decimal]:
        """Income, own contributions and tax withheld, as another ledger has them."""
        income = Decimal(9000) if self.habit == "month alone" else 2 * (STANDARDS[self.post] + self.performance)
        special = 2 * to_fen(self.base * Decimal("0.185"))
        due = income - special - 2 * (5000 + self.additional)
        return income, special, to_fen(max(due, Decimal(0)) * Decimal("0.03"))


HABITS = {
    "whole yuan": (3, 11, 26),
    "whole month": (7,),
    "calendar days": (18,),
    "pay as base": (9, 30),
    "month alone": (14, 24),
    "no additional": (19,),
    "no fixed amount": (21,),
    "leave not deducted": (28,),
    "typing error": (33,),
    "paid after leaving": (36,),
}


def workers() -> list[Worker]:
    habit_of = {number: habit for habit, numbers in HABITS.items() for number in numbers}
    everybody = [Worker(number, habit_of.get(number, "")) for number in range(len(SURNAMES))]
    for worker in everybody:
        worker.reckon()
    return everybody


def facts(worker: Worker) -> tuple[object, ...]:
    before = (Decimal(0),) * 3 if worker.is_new else worker.january_and_february
    leave = date(2026, 3, 12) if worker.habit == "leave not deducted" else None
    place = STREETS[worker.number % len(STREETS)]
    held = (worker.level, worker.education, "" if worker.is_new else worker.result)
    figures = (worker.base, worker.performance, worker.additional)
    return (worker.name, place, worker.post, worker.hired, worker.left, *held, *figures, leave, *before)


def main() -> None:
    with xlsxwriter.Workbook(str(FILE), {"default_date_format": "yyyy-mm-dd"}) as book:
        book.set_properties({"created": datetime(2026, 4, 1, tzinfo=UTC).replace(tzinfo=None)})
        pay, known = book.add_worksheet("2026年3月"), book.add_worksheet("人员情况")
        headings = ("序号", "姓名", *EARNED, "应发工资", *TAKEN, "个人\n所得税", "实发工资")
        pay.merge_range(0, 0, 0, len(headings) - 1, "某区社会化工会工作者2026年3月工资表（虚构）")
        pay.write_string(1, 0, "单位：元")
        pay.write_row(2, 0, headings)
        known.write_row(0, 0, FACTS)
        for number, worker in enumerate(workers(), start=1):
            gross = sum(worker.earned.values())
            net = gross - sum(worker.taken.values()) - worker.tax
            amounts = (*worker.earned.values(), gross, *worker.taken.values(), worker.tax, net)
            pay.write_row(2 + number, 0, (number, worker.name, *map(float, amounts)))
            for place, value in enumerate(facts(worker)):
                if value not in (None, ""):
                    known.write(number, place, float(value) if isinstance(value, Decimal) else value)
        pay.write_string(3 + len(SURNAMES), 0, "合计")
        pay.autofit()
        known.autofit()


if __name__ == "__main__":
    main()

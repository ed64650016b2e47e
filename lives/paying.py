"""From a run that is opened to one that is closed, as an office goes through it."""

from dataclasses import dataclass
from typing import Any

from lives.recruiting import Applicant
from lives.teller import Person, Teller


@dataclass(frozen=True)
class Desk:
    """Whose hands a run goes through: three people, for nobody looks at his or her own work."""

    maker: Person
    reviewer: Person
    approver: Person


def enter_figure(teller: Teller, by: Person, checked_by: Person, words: str, figure: dict[str, Any]) -> None:
    """A parameter of the place: entered by one person, checked by another."""
    entered = teller.does(by, f"录入参数：{words}", "POST", "/parameters", {"confidence": "M", **figure})
    checks = {"parameter_ids": [entered["parameter_id"]], "on": figure["on"]}
    teller.does(checked_by, f"复核参数：{words}", "POST", "/parameter-checks", checks)


def enter_account(teller: Teller, applicant: Applicant, number: str, *, confirmed_by: Person) -> None:
    body = {"worker_id": applicant.worker_id, "bank": "示例银行", "holder": applicant.name, "number": number}
    entered = teller.does(applicant.as_worker, "登记本人的收款账户 {number_masked}", "POST", "/bank-accounts", body)
    path = f"/bank-accounts/{entered['account_id']}/confirmation"
    teller.does(confirmed_by, "核对后确认收款账户", "POST", path)


def open_run(teller: Teller, desk: Desk, words: str, run: dict[str, Any]) -> str:
    opened = teller.does(desk.maker, words, "POST", "/payroll-runs", run)
    return f"/payroll-runs/{opened['run_id']}"


def calculate(teller: Teller, desk: Desk, path: str, words: str, *, on: str, expected: tuple[int, int]) -> bool:
    """Every street is worked out by whichever process takes it; `expected` are the people paid and set aside.

    False where the run has been calculated once more since, as when a life is told again.
    """
    queued = teller.does(desk.maker, words, "POST", f"{path}/calculation", {"on": on})

    def done(run: Any) -> Any:
        return run if run["attempt"] > queued["attempt"] or run["status"] != "calculating" else None

    run = teller.finds(desk.maker, f"/v1{path}", done)
    if run["attempt"] > queued["attempt"]:
        return False
    teller.expects("核算人数、另列人数", (run["workers"], run["set_aside"]), expected)
    for finding in run["findings"]:
        teller.note(f"须留意：{finding['zh']}")
    return True


def approve(teller: Teller, desk: Desk, path: str, *, on: str, set_aside: int = 0) -> None:
    review = {"on": on, "set_aside": set_aside}
    teller.does(desk.reviewer, "复核工资核算，确认另列人数", "POST", f"{path}/review", review)
    teller.does(desk.approver, "批准发放", "POST", f"{path}/approval", {"on": on})


def pay_out(teller: Teller, desk: Desk, path: str, *, on: str, set_aside: int = 0) -> None:
    """The bank's file sealed, paid, and the run closed by whoever has seen the numbers."""
    file = teller.does(
        desk.approver, "封存银行代发文件：{people} 人，共 {total} 元", "POST", f"{path}/payment-files", {"on": on}
    )
    reference = {"on": on, "reference": f"EXAMPLE-{file['number']}"}
    teller.does(desk.approver, "登记银行已代发", "POST", f"/payment-files/{file['file_id']}/payment", reference)
    held_back = file["held_back"]
    closing = {"on": on, "set_aside": set_aside, "held_back": held_back}
    closed = teller.does(
        desk.reviewer, f"办结：另列 {set_aside} 人，暂缓 {held_back} 人", "POST", f"{path}/closing", closing
    )
    teller.expects("办结状态", closed["status"], "closed")


def read_slip(teller: Teller, applicant: Applicant, month: str) -> Any:
    """A worker's own slip of a month in the view; and why its lines are what they are, told."""
    slips = teller.finds(
        applicant.as_worker,
        f"/v1/workers/{applicant.worker_id}",
        lambda view: [slip for slip in view["payslips"] if slip["month"] == month],
    )
    slip = slips[0]
    withheld = f"个人缴费 {slip['contributions']} 元，个人所得税 {slip['tax']} 元"
    teller.note(f"{applicant.name}：应发 {slip['gross']} 元，{withheld}，实发 {slip['net']} 元")
    return slip


def tell_why(teller: Teller, applicant: Applicant, slip: Any) -> None:
    """Each line in words that its worker understands, with the clause."""
    explained = teller.reads(applicant.as_worker, f"/v1/payslips/{slip['payslip_id']}")
    for line in explained["lines"]:
        clause = f"（{line['clause']}）" if line["clause"] else ""
        teller.note(f"  {line['label']} {line['amount']} 元：{line['words']}{clause}")
    teller.expects("逐项说明的实发", explained["net"], slip["net"])

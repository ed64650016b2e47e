"""Payroll's own tables. Amounts are whole fen where the column says so, else yuan; a month is `YYYY-MM`."""

from payroll.models.base import Cycle, Table
from payroll.models.benefits import BenefitGrant
from payroll.models.changes import Change
from payroll.models.payments import (
    BalanceSettlement,
    ContractPayment,
    ContributionDue,
    HeldBackPayment,
    HeldBackSlip,
    OneOffFile,
    OneOffKind,
    OneOffPayment,
    PaymentFile,
)
from payroll.models.people import (
    Agreement,
    Attribute,
    BankAccount,
    Certificate,
    ContributionBase,
    Entry,
    EvaluationScore,
    GradeStep,
    Leave,
    Organisation,
    Payee,
    Placement,
    StandingEntry,
    TaxCard,
)
from payroll.models.runs import PayrollBatch, PayrollRun, Payslip, PayslipLine, RunStatus, SetAside
from payroll.models.standards import Parameter, ParameterStatus, PayStandard, StandardStatus

__all__ = [
    "Agreement",
    "Attribute",
    "BalanceSettlement",
    "BankAccount",
    "BenefitGrant",
    "Certificate",
    "Change",
    "ContractPayment",
    "ContributionBase",
    "ContributionDue",
    "Cycle",
    "Entry",
    "EvaluationScore",
    "GradeStep",
    "HeldBackPayment",
    "HeldBackSlip",
    "Leave",
    "OneOffFile",
    "OneOffKind",
    "OneOffPayment",
    "Organisation",
    "Parameter",
    "ParameterStatus",
    "PayStandard",
    "Payee",
    "PaymentFile",
    "PayrollBatch",
    "PayrollRun",
    "Payslip",
    "PayslipLine",
    "Placement",
    "RunStatus",
    "SetAside",
    "StandardStatus",
    "StandingEntry",
    "Table",
    "TaxCard",
]

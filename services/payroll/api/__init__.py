"""HTTP in and out of payroll, a module for each thing that is handled; each has a `router`."""

from fastapi import APIRouter

from payroll.api import (
    accounts,
    balances,
    benefits,
    contract_payments,
    contributions,
    entries,
    files,
    one_off_files,
    one_off_payments,
    parameters,
    payments,
    payslips,
    policy_changes,
    runs,
    standards,
    tax_cards,
    what_if,
)

PARTS = (
    parameters,
    standards,
    runs,
    payslips,
    entries,
    files,
    accounts,
    balances,
    benefits,
    contract_payments,
    contributions,
    one_off_payments,
    one_off_files,
    payments,
    policy_changes,
    tax_cards,
    what_if,
)

router = APIRouter()
for part in PARTS:
    router.include_router(part.router)

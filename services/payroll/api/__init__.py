"""HTTP in and out of payroll, a module for each thing that is handled; each has a `router`."""

from fastapi import APIRouter

from payroll.api import (
    accounts,
    contract_payments,
    contributions,
    entries,
    files,
    one_off_payments,
    parameters,
    payments,
    payslips,
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
    contract_payments,
    contributions,
    one_off_payments,
    payments,
    tax_cards,
    what_if,
)

router = APIRouter()
for part in PARTS:
    router.include_router(part.router)

"""One worker's life as the services tell it: props for the tests of the views."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from common.events import Event
from common.events.contracts import AgreementSigned, ExitCaseOpened, WorkerLeft
from common.events.decisions import DecisionRecorded
from common.events.evaluation import EvaluationGraded, TrainingCompleted, TrainingDue
from common.events.payroll import PayslipIssued, RunApproved, RunOpened
from common.events.recruitment import PlanCompleted, PlanDrafted, WorkerHired
from common.events.registry import (
    CertificateRegistered,
    FilingAccepted,
    FilingOpened,
    FilingReturned,
    FilingSubmitted,
    OrganisationRegistered,
    PostOpened,
    QuotaDetermined,
)
from common.testing import ISSUER

STREET = "320102002"
WORKER = "worker-li"
Hear = Callable[..., Awaitable[str]]


def organisation(**changed: Any) -> OrganisationRegistered:
    return OrganisationRegistered(
        **{"organisation_id": "org-meiyuan", "name": "梅园新村街道总工会", "kind": "street_union", "area": STREET}
        | changed
    )


def hired(**changed: Any) -> WorkerHired:
    return WorkerHired(
        **{
            "worker_id": WORKER,
            "application_id": "application-li",
            "plan_id": "plan-1",
            "organisation_id": "org-meiyuan",
            "post_id": "post-1",
            "area": STREET,
            "staff": "union_worker",
            "post_class": "ordinary",
            "name": "李明",
            "account": f"{ISSUER}|li-ming",
            "identity_masked": "320***********1234",
            "identity_sealed": "v1.k1.never-shown",
            "hired_on": date(2024, 3, 1),
        }
        | changed
    )


def payslip(month: str = "2024-04", **changed: Any) -> PayslipIssued:
    return PayslipIssued(
        **{
            "payslip_id": f"payslip-{month}",
            "run_id": f"run-{month}",
            "worker_id": WORKER,
            "area": STREET,
            "staff": "union_worker",
            "month": month,
            "gross": "5000.00",
            "contributions": "525.00",
            "tax": "0.00",
            "net": "4475.00",
            "lines": [{"code": "post_pay", "label": "岗位工资", "amount": "5000.00"}],
        }
        | changed
    )


def decided(subject: str = WORKER, decision_id: str = "decision-1", **changed: Any) -> DecisionRecorded:
    return DecisionRecorded(
        **{
            "decision_id": decision_id,
            "subject": subject,
            "account": f"{ISSUER}|clerk",
            "recorded_at": "2024-03-01T02:00:00Z",
            "rule": "applicant.qualified",
            "rule_version": 1,
            "document": "JS",
            "document_title": "办法",
            "policy_digest": "sha256:0",
            "clause": "JS-4",
            "at": "第四条",
            "says": {"zh": "条件", "en": "conditions"},
            "area": STREET,
            "staff": "union_worker",
            "on": date(2024, 3, 1),
            "terms": {},
            "facts": {"age": 30},
            "outcome": True,
            "permits": True,
        }
        | changed
    )


def life() -> dict[str, list[Event]]:
    """One worker's life as each service tells it; services may be heard in any order, each in its own."""
    about: dict[str, Any] = {"worker_id": WORKER, "area": STREET}
    governed = about | {"staff": "union_worker"}
    filing = about | {"filing_id": "filing-1"}
    return {
        "registry": [
            organisation(),
            QuotaDetermined(
                organisation_id="org-meiyuan",
                area=STREET,
                staff="union_worker",
                lowest=2,
                highest=3,
                obligation="must",
                clause="JS-2",
                decision_id="decision-quota",
            ),
            PostOpened(
                post_id="post-1",
                organisation_id="org-meiyuan",
                area=STREET,
                staff="union_worker",
                post_class="ordinary",
                opened_on=date(2024, 1, 5),
            ),
            FilingOpened(**governed, filing_id="filing-1", clause="JS-10", opened_on=date(2024, 3, 1)),
            FilingSubmitted(**filing, submitted_on=date(2024, 3, 4), correction=False),
            FilingReturned(**filing, returned_on=date(2024, 3, 5), reason="缺合同页"),
            FilingSubmitted(**filing, submitted_on=date(2024, 3, 5), correction=True),
            FilingAccepted(**filing, accepted_on=date(2024, 3, 8), receipt_number="R-1"),
            CertificateRegistered(
                **about,
                certificate_id="certificate-1",
                kind="social_work",
                level="social_worker",
                registered_on=date(2024, 5, 1),
            ),
        ],
        "recruitment": [
            PlanDrafted(
                plan_id="plan-1",
                area="320102",
                staff="union_worker",
                organisation_id="org-meiyuan",
                title="春季招聘",
                positions=1,
                drafted_on=date(2024, 1, 8),
            ),
            hired(),
            PlanCompleted(plan_id="plan-1", area="320102", hired=1),
        ],
        "decisions": [decided("application-li", "decision-0"), decided(), decided("someone-else", "decision-9")],
        "contracts": [
            AgreementSigned(
                **governed,
                agreement_id="agreement-1",
                organisation_id="org-meiyuan",
                post_class="ordinary",
                kind="labour_contract",
                starts_on=date(2024, 3, 1),
                ends_on=date(2027, 3, 1),
                signed_on=date(2024, 3, 1),
                monthly_pay="5000.00",
            ),
            ExitCaseOpened(**about, case_id="case-1", ground="resignation", clause="JS-9", opened_on=date(2025, 6, 2)),
            WorkerLeft(**governed, case_id="case-1", ground="resignation", clause="JS-9", left_on=date(2025, 7, 1)),
        ],
        "payroll": [
            RunOpened(run_id="run-2024-04", area="320102", staff="union_worker", month="2024-04"),
            payslip("2024-05"),
            payslip("2024-04"),
            RunApproved(
                run_id="run-2024-04",
                area="320102",
                staff="union_worker",
                month="2024-04",
                workers=1,
                gross_total="5000.00",
                net_total="4475.00",
            ),
        ],
        "evaluation": [
            TrainingDue(**about, training_id="training-1", due_on=date(2024, 6, 1), clause="JS-7"),
            TrainingDue(**about, training_id="training-2", due_on=date(2025, 6, 1), clause="JS-7"),
            TrainingCompleted(**about, training_id="training-1", course="初任培训", completed_on=date(2024, 5, 6)),
            EvaluationGraded(
                **governed,
                evaluation_id="evaluation-1",
                year=2024,
                score="91.5",
                grade="excellent",
                passed=True,
                clause="JS-8b",
            ),
        ],
    }

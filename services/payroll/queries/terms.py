"""The digests of the terms that a batch went by, and whether policy says the same now."""

import hashlib
from collections.abc import Iterator, Mapping

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from common.policy import FiguresUnfit, NoClause, NotChosen, ParameterMissing, Parameters, Policies
from payroll.engine.columns import Answers, Batch, Spoken
from payroll.models import PayrollRun
from payroll.queries.answers import Policy, like_governed, policy
from payroll.queries.runs import batches_of
from payroll.rules.cycles import PayPeriod

Digests = Mapping[str, str]


def terms_by_rule(batch: Batch, documents: Digests) -> dict[str, str]:
    """By period and rule, those of everything a batch was worked out by, earlier periods as well."""
    inputs = batch.inputs
    named = _named(batch.answers, inputs.period)
    named |= _named(batch.tax_answers, batch.paid_in)
    for past in batch.past:
        named |= _named(past.answers, past.inputs.period)
    return {name: _digest(said, documents) for name, said in sorted(named.items())}


def digest_of_terms(answers: Answers, tax_answers: Answers, documents: Digests) -> str:
    """One digest over what a batch's own period and its tax went by: clauses, values, rows, documents."""
    said = {**answers, **tax_answers}
    return _hash([[name, _digest(said[name], documents)] for name in sorted(said)])


async def policy_moved_on(session: AsyncSession, policies: Policies, parameters: Parameters, run: PayrollRun) -> bool:
    """Whether a clause, a choice or a figure now says something else to a batch of the run than it went by."""
    batches = await batches_of(session, run_id=run.run_id)
    stands_for = await like_governed(session, policies, parameters, [batch.area for batch in batches])
    now: dict[str, set[str]] = {}
    for area in dict.fromkeys(stands_for.values()):
        said = await policy(session, policies, parameters, area=area)
        now[area] = set(_digests_now(said, policies.digests, run, area=area))
    return any(batch.terms not in now[stands_for[batch.area]] for batch in batches)


def _digests_now(said: Policy, documents: Digests, run: PayrollRun, *, area: str) -> Iterator[str]:
    """With the allowance for certificates and without: who holds one is a fact, and facts leave a change behind."""
    for allowances in (False, True):
        try:
            answers = said.answers(PayPeriod(run.month, run.cycle), area=area, staff=run.staff, allowances=allowances)
            tax_answers = said.tax_answers(run.paid_in, area=area, staff=run.staff)
        except (NoClause, NotChosen, ParameterMissing, FiguresUnfit):
            continue
        yield digest_of_terms(answers, tax_answers, documents)


def _named(answers: Answers, period: str) -> dict[str, Spoken]:
    return {f"{period} {rule}": said for rule, said in answers.items()}


def _digest(said: Spoken, documents: Digests) -> str:
    content = [said.document, documents.get(said.document), said.clause, said.terms.model_dump(mode="json")]
    return _hash([*content, sorted(said.parameters)])


def _hash(content: object) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

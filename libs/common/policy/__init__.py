"""Rules are questions, clauses are dated answers, decisions are both with the facts."""

from common.policy.decisions import Decision
from common.policy.documents import Clause, Document, NoClause, NotChosen, Policies
from common.policy.loading import load_policies
from common.policy.parameters import NO_PARAMETERS, FiguresUnfit, ParameterMissing, ParameterRow, Parameters
from common.policy.rules import RULES, Finding, Rule, Terms, rule
from common.policy.seeds import load_seeds

__all__ = [
    "NO_PARAMETERS",
    "RULES",
    "Clause",
    "Decision",
    "Document",
    "FiguresUnfit",
    "Finding",
    "NoClause",
    "NotChosen",
    "ParameterMissing",
    "ParameterRow",
    "Parameters",
    "Policies",
    "Rule",
    "Terms",
    "load_policies",
    "load_seeds",
    "rule",
]

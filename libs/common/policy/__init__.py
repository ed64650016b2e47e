"""Rules are questions, clauses are dated answers, decisions are both with the facts."""

from common.policy.decisions import Decision
from common.policy.documents import Clause, Document, NoClause, NotChosen, Policies, load_policies
from common.policy.rules import RULES, Finding, Rule, Terms, rule

__all__ = [
    "RULES",
    "Clause",
    "Decision",
    "Document",
    "Finding",
    "NoClause",
    "NotChosen",
    "Policies",
    "Rule",
    "Terms",
    "load_policies",
    "rule",
]

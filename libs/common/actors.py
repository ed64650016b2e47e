"""Who acts: a person with roles in an area, known by a bearer token (RFC 9068), or a service itself."""

from dataclasses import dataclass
from enum import StrEnum

from common.areas import Level, level_of


class Role(StrEnum):
    """Roles are offices' functions, not persons; what each may do stands in the access matrix."""

    LEAD_DEPARTMENT = "lead_department"
    STREET_OFFICE = "street_office"
    FINANCE = "finance"
    HUMAN_RESOURCES = "human_resources"
    PARTY_COMMITTEE = "party_committee"
    GOVERNMENT = "government"
    CIVIL_AFFAIRS = "civil_affairs"
    SUPERIOR_UNION = "superior_union"
    PROVINCIAL_REGISTRAR = "provincial_registrar"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    APPLICANT = "applicant"
    WORKER = "worker"


# Who holds one of these acts for himself; every other role is an office's.
OF_THEMSELVES = frozenset({Role.WORKER, Role.APPLICANT})


@dataclass(frozen=True)
class Actor:
    """`account` is issuer and subject of the token; `area` the code whose subtree the person may see.

    Where a request is served, `roles` are those of the token that the operation is open to: somebody whom it is open
    to as a worker acts as a worker there, whatever office he holds for other things.
    """

    account: str
    roles: frozenset[Role]
    area: str

    @property
    def level(self) -> Level:
        return level_of(self.area)

    @property
    def is_for_himself(self) -> bool:
        """Whether it is for no office that he acts: what he may see and do is his own alone."""
        return self.roles <= OF_THEMSELVES


def service_actor(name: str) -> Actor:
    """The service itself, when it acts on an event: it sees every area and holds no role."""
    return Actor(account=f"service:{name}", roles=frozenset(), area="")

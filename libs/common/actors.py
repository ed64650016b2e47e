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


@dataclass(frozen=True)
class Actor:
    """`account` is issuer and subject of the token; `area` the code whose subtree the person may see."""

    account: str
    roles: frozenset[Role]
    area: str

    @property
    def level(self) -> Level:
        return level_of(self.area)


def service_actor(name: str) -> Actor:
    """The service itself, when it acts on an event: it sees every area and holds no role."""
    return Actor(account=f"service:{name}", roles=frozenset(), area="")

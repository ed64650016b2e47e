"""Only in the embedded default: made-up people, tokens for them, and a clock that can be set.

None of these routes exists elsewhere; the development issuer and the clock refuse there too.
"""

import csv
import json
from datetime import date
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.actors import Role
from common.areas import Level, level_of
from common.clock import set_today, today
from common.settings import ROOT, Settings
from common.tokens import LONGEST_LIFE, DevelopmentIssuer, issuer_file

_DATA = ROOT / "data"

_OFFICES = {
    Role.LEAD_DEPARTMENT: "牵头部门",
    Role.STREET_OFFICE: "街道办事处",
    Role.FINANCE: "财政部门",
    Role.HUMAN_RESOURCES: "人社部门",
    Role.PARTY_COMMITTEE: "党委",
    Role.GOVERNMENT: "政府",
    Role.CIVIL_AFFAIRS: "民政部门",
    Role.SUPERIOR_UNION: "上级工会",
    Role.PROVINCIAL_REGISTRAR: "省级备案员",
    Role.AUDITOR: "审计",
    Role.OPERATOR: "运维",
}
_STREET_ROLES = (Role.STREET_OFFICE, Role.LEAD_DEPARTMENT, Role.SUPERIOR_UNION)
_PROVINCE_ONLY = (Role.PROVINCIAL_REGISTRAR,)


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = Field(examples=["clerk-320102"])
    roles: list[Role] = Field(max_length=len(Role), examples=[["lead_department"]])
    area: Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})?$")] = Field(examples=["320102"])


class ClockSetting(BaseModel):
    model_config = ConfigDict(extra="forbid")

    today: date


def add_people(app: FastAPI, settings: Settings) -> None:
    issuer = DevelopmentIssuer(settings)  # makes the key, so that every service can check the first token
    router = APIRouter(prefix="/dev", include_in_schema=False)

    @router.get("/people")
    async def list_people() -> dict[str, Any]:
        return {"items": sample_people()}

    @router.post("/tokens")
    async def issue_token(body: TokenRequest) -> dict[str, Any]:
        roles = [str(role) for role in body.roles]
        token = issuer.token(subject=body.subject, roles=roles, area=body.area)
        return {"access_token": token, "token_type": "Bearer", "expires_in": LONGEST_LIFE}

    @router.get("/jwks")
    async def public_keys() -> dict[str, Any]:
        keys = json.loads(issuer_file(settings.folder).read_text())["keys"]
        return {"keys": [{name: value for name, value in key.items() if name != "d"} for key in keys]}

    @router.get("/clock")
    async def read_clock() -> dict[str, Any]:
        return {"today": today(settings)}

    @router.put("/clock")
    async def set_clock(body: ClockSetting) -> dict[str, Any]:
        set_today(settings, body.today)
        return {"today": today(settings)}

    @router.delete("/clock", status_code=204)
    async def release_clock() -> Response:
        set_today(settings, None)
        return Response(status_code=204)

    app.include_router(router)


@cache
def sample_people() -> list[dict[str, Any]]:
    """An office of every kind at every level of three sample places, an applicant and a worker at the lowest."""
    people = []
    for area, name in _area_names().items():
        for role, office in _OFFICES.items():
            if _fits(role, area):
                people.append(_person(f"{role.value.replace('_', '-')}-{area}", role, area, f"{name}{office}"))
        if level_of(area) in (Level.STREET, Level.COMMUNITY):
            people.append(_person(f"applicant-{area}", Role.APPLICANT, area, f"{name}报名者"))
            people.append(_person(f"worker-{area}", Role.WORKER, area, f"{name}工作人员"))
    return people


def _person(subject: str, role: Role, area: str, name: str) -> dict[str, Any]:
    return {"subject": subject, "name": name, "roles": [role.value], "area": area, "level": level_of(area).value}


def _fits(role: Role, area: str) -> bool:
    match level_of(area):
        case Level.PROVINCE:
            return True
        case Level.STREET:
            return role in _STREET_ROLES
        case Level.COMMUNITY:
            return False
        case _:
            return role not in _PROVINCE_ONLY and role is not Role.STREET_OFFICE


@cache
def _area_names() -> dict[str, str]:
    wanted = [row["code"] for row in _rows("sample-areas.csv")]
    names: dict[str, str] = {}
    for province in {area[:2] for area in wanted}:
        names |= {row["code"]: row["name"] for row in _rows(f"divisions/{province}.csv")}
    return {area: names[area] for area in wanted}


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

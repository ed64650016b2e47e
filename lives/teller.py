"""Plays a life through the gateway, as its front end would, and tells each step with the decision behind it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx

_PATIENCE = 90.0


class NotAsTold(Exception):
    """A step did not go as the story says."""


@dataclass(frozen=True)
class Person:
    """Somebody who signs in: what they are called in the story, and what their token says."""

    title: str
    subject: str
    roles: tuple[str, ...]
    area: str


@dataclass
class Teller:
    """Every step has an idempotency key of its own: a life that was interrupted goes on where it stopped."""

    gateway: httpx.Client
    life: str
    say: Callable[[str], None]
    explain: bool = True
    step: int = 0
    day: str = ""
    positions: dict[str, str] = field(default_factory=dict)
    tokens: dict[Person, tuple[str, float]] = field(default_factory=dict)

    def heading(self, words: str) -> None:
        self.say(f"\n── {words}")

    def today(self, day: str) -> None:
        """Set the embedded clock to the day the story has reached."""
        self.day = day
        self._until_answered("PUT", "/dev/clock", json={"today": day})

    def back_to_the_present(self) -> None:
        self._until_answered("DELETE", "/dev/clock")

    def does(self, person: Person, words: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A step that succeeds; returns the answer's body. `{0}`-style fields in `words` come from the answer."""
        answer = self._command(person, method, path, body)
        if answer.status_code >= 400:
            problem = answer.json()
            raise NotAsTold(f"{words}: {answer.status_code} {problem.get('code')}: {problem.get('detail')} {problem}")
        content = answer.json() if answer.content else {}
        shown = {name: day_of(value) for name, value in content.items()} if isinstance(content, dict) else {}
        self._tell(f"{person.title}：{words.format(**shown)}")
        self._tell_decisions(answer.headers.get("Decisions", ""))
        return content

    def is_refused(
        self, person: Person, words: str, method: str, path: str, body: dict[str, Any] | None = None, *, clause: str
    ) -> Any:
        """A step that policy refuses, under this clause."""
        answer = self._command(person, method, path, body)
        problem = answer.json()
        if answer.status_code != 409 or problem.get("clause") != clause:
            raise NotAsTold(f"{words}: expected a refusal under {clause}, got {answer.status_code} {problem}")
        self._tell(f"{person.title}：{words}")
        for line in problem["detail"].splitlines():
            self.say(f"       ✗ {line}")
        return problem

    def loads(self, person: Person, path: str, body: dict[str, Any]) -> Any:
        """Sample data: a step that nobody needs to be told of one by one. Returns the answer's body."""
        answer = self._command(person, "POST", path, body)
        if answer.status_code >= 400:
            raise NotAsTold(f"{path}: {answer.status_code} {answer.text[:1500]}")
        return answer.json()

    def reads(self, person: Person, path: str) -> Any:
        answer = self._until_answered("GET", path, headers=self._headers(person))
        if answer.status_code != 200:
            raise NotAsTold(f"GET {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def finds(self, person: Person, path: str, found: Callable[[Any], Any]) -> Any:
        """Read until what the events bring is there."""
        end = time.monotonic() + _PATIENCE
        while True:
            answer = self._until_answered("GET", path, headers=self._headers(person))
            seen = found(answer.json()) if answer.status_code == 200 else None
            if seen:
                return seen
            if time.monotonic() > end:
                raise NotAsTold(f"GET {path}: what the story expects did not come: {answer.text[:2000]}")
            time.sleep(0.05)

    def expects(self, what: str, seen: Any, told: Any) -> None:
        if seen != told:
            raise NotAsTold(f"{what}: {seen!r}, the story says {told!r}")

    def note(self, words: str) -> None:
        self.say(f"       {words}")

    def _tell(self, words: str) -> None:
        self.say(f"  {self.step:>3}. {words}")

    def _tell_decisions(self, ids: str) -> None:
        if not self.explain:
            return
        told = set()
        for decision_id in filter(None, ids.split(",")):
            kept = self.finds(INSPECTOR, f"/v1/decisions/{decision_id}", lambda answer: answer)
            line = f"       ✓ 依据《{kept['document_title']}》{kept['at']}（{kept['clause']}）"
            if not kept["permits"] and kept["words"]:
                line = f"       ✗ {kept['words']['zh']}"
            if line not in told:
                self.say(line)
            told.add(line)

    def _command(self, person: Person, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        self.step += 1
        self._reach(body or {})
        headers = self._headers(person) | {"Idempotency-Key": f"{self.life}/{self.step}"}
        answer = self._until_answered(method, f"/v1{path}", json=body or {}, headers=headers)
        position = answer.headers.get("Position")
        if position:
            self.positions[position.split(":")[0]] = position
        return answer

    def _reach(self, body: dict[str, Any]) -> None:
        """Let the embedded clock reach the day on which the step is done; it never goes back within a life."""
        day = body.get("on", "")
        if day > self.day:
            self.today(day)

    def _headers(self, person: Person) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._token(person)}", "Accept-Language": "zh-CN"}
        if self.positions:
            headers["Wait-For"] = ",".join(self.positions.values())
        return headers

    def _token(self, person: Person) -> str:
        token, until = self.tokens.get(person, ("", 0.0))
        if time.monotonic() > until:
            body = {"subject": person.subject, "roles": list(person.roles), "area": person.area}
            token = self._until_answered("POST", "/dev/tokens", json=body).json()["access_token"]
            self.tokens[person] = (token, time.monotonic() + 1800)
        return token

    def _until_answered(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Whether a lost answer meant done or not is settled by asking again with the same key."""
        end = time.monotonic() + _PATIENCE
        pause = 0.05
        while True:
            try:
                answer = self.gateway.request(method, path, **request)
                if answer.status_code not in (500, 502, 503, 504):
                    return answer
                trouble = f"{answer.status_code} {answer.text[:300]}"
            except httpx.TransportError as error:
                trouble = repr(error)
            if time.monotonic() > end:
                raise NotAsTold(f"{method} {path}: no answer within {_PATIENCE:.0f} s: {trouble}")
            time.sleep(pause)
            pause = min(pause * 2, 1.0)


def day_of(value: Any) -> Any:
    """2024-05-09 as 2024年5月9日; anything else as it is."""
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        return value
    return f"{day.year}年{day.month}月{day.day}日"


INSPECTOR = Person("监督员", "inspector", ("auditor",), "")

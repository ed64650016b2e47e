"""What stands in an entry for good, what can be erased, and who may read it meanwhile."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from audit.models import DecisionDocument
from audit.rules import readers
from audit.rules.entries import Told, attributes_of, canonical, moment, pseudonym, read_document, scope_of
from audit.rules.readers import may_read
from common.access import access_matrix
from common.actors import Role


def told(**changes: object) -> Told:
    content = {
        "decision_id": "decision-1",
        "subject": "worker-7",
        "account": "http://issuer.example|clerk",
        "clause": "JL-10",
        "rule": "applicant.bars",
        "area": "220102",
        "staff": "community_worker",
        "on": "2026-05-06",
        "permits": False,
        "facts": {"criminal_record": True},
    }
    at = datetime(2026, 5, 6, 1, 2, 3, tzinfo=UTC)
    return Told("event-1", "/contracts/decisions", "audit.decision_recorded.v1", 3, at, content | changes)


SALT = b"s" * 16


def kept(document: bytes, salt: bytes = SALT) -> DecisionDocument:
    return DecisionDocument(index=0, area="220102", salt=salt, document=document)


class TestEntry:
    NOW = datetime(2026, 5, 6, 1, 2, 4, tzinfo=UTC)

    def leaf(self, **changes: object) -> bytes:
        return told(**changes).entry(authid="somebody", recorded_at=self.NOW, salt=SALT)

    def test_is_canonical_json_with_the_attributes_of_the_event_and_the_salted_hash_of_the_rest(self) -> None:
        document = (
            '{"area":"220102","clause":"JL-10","decision_id":"decision-1","facts":{"criminal_record":true},'
            '"on":"2026-05-06","permits":false,"rule":"applicant.bars","staff":"community_worker",'
            '"subject":"worker-7"}'
        )
        hashed = hashlib.sha256(SALT + document.encode()).hexdigest()

        assert told().document().decode() == document
        assert self.leaf().decode() == (
            '{"area":"220102","authid":"somebody","authtype":"user","clause":"JL-10",'
            f'"decision_hash":"sha-256:{hashed}","decision_id":"decision-1",'
            '"id":"event-1","on":"2026-05-06","permits":false,"recordedtime":"2026-05-06T01:02:04.000000Z",'
            '"rule":"applicant.bars","sequence":"3","source":"/contracts/decisions","specversion":"1.0",'
            '"staff":"community_worker","subject":"worker-7",'
            '"time":"2026-05-06T01:02:03.000000Z","type":"audit.decision_recorded.v1"}'
        )

    def test_no_fact_stands_in_it_and_without_the_salt_none_can_be_guessed(self) -> None:
        guessed = told().entry(authid="somebody", recorded_at=self.NOW, salt=b"t" * 16)

        assert b"criminal" not in self.leaf()
        assert attributes_of(guessed)["decision_hash"] != attributes_of(self.leaf())["decision_hash"]

    def test_stays_small_however_long_the_decision_is(self) -> None:
        assert len(self.leaf(facts={"slips": "a" * 100_000})) == len(self.leaf())

    def test_no_account_of_a_person_stands_in_it(self) -> None:
        authid = pseudonym("http://issuer.example|clerk", salt=SALT)
        leaf = told().entry(authid=authid, recorded_at=self.NOW, salt=SALT)

        for written in (leaf, told().document()):
            assert b"clerk" not in written
            assert b"issuer" not in written

    def test_a_service_is_named(self) -> None:
        assert pseudonym("service:payroll", salt=b"") == "service:payroll"
        assert attributes_of(self.leaf(account="service:payroll"))["authtype"] == "service_account"

    def test_a_pseudonym_needs_its_salt(self) -> None:
        assert pseudonym("a|b", salt=b"1" * 16) == pseudonym("a|b", salt=b"1" * 16)
        assert pseudonym("a|b", salt=b"1" * 16) != pseudonym("a|b", salt=b"2" * 16)

    def test_reads_back_as_told_without_the_account(self) -> None:
        content = read_document(self.leaf(), kept(told().document()))

        assert content == {name: value for name, value in told().content.items() if name != "account"}

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param(kept(told().document().replace(b"true", b"null")), id="another document"),
            pytest.param(kept(told().document(), salt=b"t" * 16), id="another salt"),
        ],
    )
    def test_another_document_than_the_one_hashed_is_noticed(self, wrong: DecisionDocument) -> None:
        with pytest.raises(ValueError, match="not the one"):
            read_document(self.leaf(), wrong)

    @pytest.mark.parametrize(
        ("changes", "noticed", "noticed_when_erased"),
        [
            pytest.param({}, False, False, id="nothing"),
            pytest.param({"facts": {}}, True, False, id="a fact"),
            pytest.param({"permits": True}, True, True, id="the verdict"),
            pytest.param({"clause": "JL-2"}, True, True, id="the clause"),
        ],
    )
    def test_tells_a_telling_again_from_one_with_another_content(
        self, changes: dict[str, object], noticed: bool, noticed_when_erased: bool
    ) -> None:
        again = told(**changes)

        assert again.is_held_in(self.leaf(), kept(told().document())) is not noticed
        assert again.is_held_in(self.leaf(), None) is not noticed_when_erased

    def test_tells_another_event_or_moment_from_the_one_entered(self) -> None:
        name = "audit.decision_recorded.v1"
        for event_id, time in (("event-2", told().time), ("event-1", self.NOW)):
            other = Told(event_id, "/contracts/decisions", name, 3, time, told().content)
            assert not other.is_held_in(self.leaf(), kept(told().document()))

    def test_numbers_and_keys_are_written_as_rfc_8785_says(self) -> None:
        value = {"€": 1e21, "\r": 0.1 + 0.2, "\ufb33": 1.0, "1": [True, None], "😀": 2**53 - 1, "ö": "\u000f"}

        written = canonical(value).decode()

        assert written == (
            '{"\\r":0.30000000000000004,"1":[true,null],"ö":"\\u000f","€":1e+21,"😀":9007199254740991,"\ufb33":1}'
        )

    def test_an_integer_that_json_would_round_is_written_as_a_string(self) -> None:
        assert canonical([2**53, -(2**60), True]) == b'["9007199254740992","-1152921504606846976",true]'

    def test_moments_are_written_in_utc(self) -> None:
        china = timezone(timedelta(hours=8))
        assert moment(datetime(2026, 1, 1, 7, 0, tzinfo=china)) == "2025-12-31T23:00:00.000000Z"

    @pytest.mark.parametrize(("area", "scope"), [("220102", "220102"), ("", "0"), ("abc", "0"), ("3201", "3201")])
    def test_what_has_no_proper_area_lies_with_the_nation(self, area: str, scope: str) -> None:
        assert scope_of(area) == scope

    def test_a_leaf_stays_readable_json(self) -> None:
        assert json.loads(self.leaf())["sequence"] == "3"


class TestMayRead:
    """What the owning service's reading operation refuses, the log does not tell either."""

    @pytest.mark.parametrize(
        ("source", "rule", "role", "may"),
        [
            ("/payroll/decisions", "tax.cumulative_withholding", Role.FINANCE, True),
            ("/payroll/decisions", "tax.cumulative_withholding", Role.LEAD_DEPARTMENT, True),
            ("/payroll/decisions", "tax.cumulative_withholding", Role.CIVIL_AFFAIRS, False),
            ("/payroll/decisions", "pool.shares", Role.STREET_OFFICE, False),
            ("/payroll/decisions", "policy.choice_within_bounds", Role.CIVIL_AFFAIRS, True),
            ("/contracts/decisions", "exit.procedure", Role.HUMAN_RESOURCES, True),
            ("/contracts/decisions", "exit.procedure", Role.FINANCE, False),
            ("/contracts/decisions", "agreement.term", Role.FINANCE, True),
            ("/contracts/decisions", "agreement.term", Role.SUPERIOR_UNION, False),
            ("/recruitment/decisions", "applicant.bars", Role.SUPERIOR_UNION, True),
            ("/recruitment/decisions", "applicant.bars", Role.FINANCE, False),
            ("/recruitment/decisions", "plan.approvers", Role.FINANCE, True),
            ("/evaluation/decisions", "evaluation.grade", Role.PROVINCIAL_REGISTRAR, False),
            ("/evaluation/decisions", "training.due", Role.SUPERIOR_UNION, True),
            ("/registry/decisions", "quota.for_organisation", Role.PROVINCIAL_REGISTRAR, True),
        ],
    )
    def test_follows_the_matrix(self, source: str, rule: str, role: Role, may: bool) -> None:
        assert may_read({role}, source=source, rule=rule) is may
        assert may_read({role, Role.WORKER}, source=source, rule=rule) is may
        assert may_read({Role.AUDITOR}, source=source, rule=rule)

    def test_names_operations_that_exist(self) -> None:
        assert {operation for _, _, operation in readers._SHOWN_BY if operation} <= access_matrix().keys()

"""What stands in an entry for good, and what lies beside it and can be erased."""

import base64
import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from sd_jwt.verifier import SDJWTVerifier

from audit.rules.disclosures import disclose, read_disclosure
from audit.rules.entries import (
    SHOWN_FOR_GOOD,
    Made,
    Origin,
    attributes_of,
    content_of,
    county_of,
    decision_entry,
    found_by,
    make_entry,
    moment,
    scope_of,
)
from audit.tests.telling import DECIDED_AT, a_decision
from audit.tlog.receipts import digest_of

NOW = datetime(2026, 5, 6, 1, 2, 4, tzinfo=UTC)
ORIGIN = Origin("event-1", "/contracts/decisions", "audit.decision_recorded.v1", 3, DECIDED_AT)


def content(**changes: Any) -> dict[str, Any]:
    return a_decision(**changes).model_dump(mode="json")


def made(**changes: Any) -> Made:
    return decision_entry(ORIGIN, content(**changes), recorded_at=NOW)


def values(entry: Made) -> dict[str, Any]:
    return dict(map(read_disclosure, entry.disclosures.values()))


def opened_by_sd_jwt(leaf: bytes, disclosures: list[str]) -> dict[str, Any]:
    """The entry as the reference implementation of RFC 9901 reads it, were it the payload of a signed token."""
    key = JWK.generate(kty="EC", crv="P-256")
    token = JWS(payload=leaf)
    token.add_signature(key, alg="ES256", protected=json.dumps({"alg": "ES256"}))
    combined = "~".join([token.serialize(compact=True), *disclosures, ""])
    payload: dict[str, Any] = SDJWTVerifier(combined, lambda *_: key).get_verified_payload()
    return payload


class TestEntry:
    def test_is_canonical_json_with_the_digests_of_what_it_does_not_say(self) -> None:
        entry = made()
        digests = sorted(
            base64.urlsafe_b64encode(hashlib.sha256(one.encode("ascii")).digest()).decode().rstrip("=")
            for one in entry.disclosures.values()
        )

        assert entry.leaf.decode() == (
            f'{{"_sd":{json.dumps(digests, separators=(",", ":"))},"_sd_alg":"sha-256","area":"320102",'
            '"at":"二（十）一","authtype":"user","clause":"JL-10","decision_id":"decision-1","document":"JL",'
            '"id":"event-1","on":"2026-05-06","permits":true,"policy_digest":"' + "0" * 64 + '",'
            '"recordedtime":"2026-05-06T01:02:04.000000Z","rule":"exit.failed_evaluations","rule_version":"1",'
            '"sequence":"3","source":"/contracts/decisions","specversion":"1.0","staff":"community_worker",'
            '"time":"2026-05-06T01:02:03.000000Z","type":"audit.decision_recorded.v1"}'
        )

    @given(st.text(), st.text(), st.booleans())
    def test_is_the_canonical_form_of_itself_whatever_was_told(self, at: str, staff: str, permits: bool) -> None:
        leaf = made(at=at, staff=staff, permits=permits).leaf

        assert rfc8785.dumps(json.loads(leaf)) == leaf

    @given(st.dictionaries(st.from_regex(r"[A-Za-z_]{1,9}", fullmatch=True), st.text() | st.lists(st.text())))
    def test_of_the_log_itself_is_the_canonical_form_of_itself_too(self, shown: dict[str, Any]) -> None:
        leaf = make_entry(ORIGIN, shown, {"account": "clerk"}, recorded_at=NOW).leaf

        assert rfc8785.dumps(json.loads(leaf)) == leaf

    @given(st.text(max_size=40), st.text(max_size=40))
    def test_names_nobody_whatever_was_told(self, subject: str, words: str) -> None:
        told = content(
            subject=f"subject {subject}",
            account=f"account {words}",
            organisation=f"organisation {words}",
            area="320102001002",
            facts={"criminal_record": words},
            outcome={"grade": subject},
            words={"zh": words, "en": words},
        )
        leaf = decision_entry(ORIGIN, told, recorded_at=NOW).leaf

        attributes = json.loads(leaf)
        hidden = ("subject", "account", "organisation", "facts", "outcome", "words", "terms", "says")
        assert not attributes.keys() & set(hidden)
        assert attributes["area"] == "320102"
        for secret in (b"subject", b"account", b"organisation", b"criminal_record", b"grade", b"320102001"):
            assert secret not in leaf

    def test_stays_small_however_long_the_decision_is(self) -> None:
        assert len(made(facts={"slips": "a" * 100_000}).leaf) == len(made().leaf)

    @pytest.mark.parametrize(
        ("account", "authtype"),
        [("http://issuer.example|clerk", "user"), ("service:payroll", "service_account")],
    )
    def test_says_whether_a_person_or_a_service_decided(self, account: str, authtype: str) -> None:
        assert attributes_of(made(account=account).leaf)["authtype"] == authtype

    @pytest.mark.parametrize("area", ["320102001002", "320102001", "320102", "3201", "32", ""])
    def test_says_of_the_area_no_more_than_the_county(self, area: str) -> None:
        assert attributes_of(made(area=area).leaf)["area"] == area[:6] == county_of(area)

    @pytest.mark.parametrize(("area", "scope"), [("220102", "220102"), ("", "0"), ("abc", "0"), ("3201", "3201")])
    def test_what_has_no_proper_area_lies_with_the_nation(self, area: str, scope: str) -> None:
        assert scope_of(area) == scope

    def test_moments_are_written_in_utc(self) -> None:
        china = timezone(timedelta(hours=8))
        assert moment(datetime(2026, 1, 1, 7, 0, tzinfo=china)) == "2025-12-31T23:00:00.000000Z"


class TestDisclosures:
    def test_hold_what_the_entry_does_not_and_together_they_hold_all_of_it(self) -> None:
        entry = made(area="320102001002")
        told = content(area="320102001002")

        given_back = content_of(values(entry))

        assert set(entry.disclosures) == {"subject", "account", "case", "policy"}
        assert given_back | {name: told[name] for name in SHOWN_FOR_GOOD if name not in given_back} == {
            name: value for name, value in told.items() if name not in ("rule_version", "parameters")
        }
        assert not given_back.keys() & set(SHOWN_FOR_GOOD)

    def test_name_the_rows_that_figures_stand_in_where_there_are_any(self) -> None:
        told = content(parameters={"wage.floor": "parameter-1"})

        assert content_of(values(made(parameters={"wage.floor": "parameter-1"})))["parameters"] == told["parameters"]
        assert "parameters" not in content_of(values(made()))

    def test_are_salted_so_that_nobody_can_guess_what_a_digest_stands_for(self) -> None:
        first, second = made(), made()
        salts = [json.loads(base64.urlsafe_b64decode(one + "=="))[0] for one in first.disclosures.values()]

        assert not set(attributes_of(first.leaf)["_sd"]) & set(attributes_of(second.leaf)["_sd"])
        assert len(set(salts)) == 4
        assert {len(base64.urlsafe_b64decode(salt + "==")) for salt in salts} == {16}

    def test_are_what_the_reference_implementation_finds_in_the_entry(self) -> None:
        entry = made()

        opened = opened_by_sd_jwt(entry.leaf, list(entry.disclosures.values()))

        shown = {name: value for name, value in attributes_of(entry.leaf).items() if not name.startswith("_")}
        assert opened == shown | values(entry)

    def test_may_be_given_singly_and_the_reference_implementation_finds_those(self) -> None:
        entry = made()

        opened = opened_by_sd_jwt(entry.leaf, [entry.disclosures["case"]])

        assert opened["case"] == values(entry)["case"]
        assert not opened.keys() & {"subject", "account", "policy"}

    def test_the_example_of_the_standard_has_its_digest(self) -> None:
        disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"

        assert digest_of(disclosure) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
        assert read_disclosure(disclosure) == ("family_name", "Möbius")

    @given(st.text(), st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists))
    def test_read_back_as_written(self, name: str, value: Any) -> None:
        assert read_disclosure(disclose(name, value)) == (name, value)


class TestFoundBy:
    def test_is_found_by_all_that_was_told(self) -> None:
        columns = made().columns

        assert columns == {
            "type": "audit.decision_recorded.v1",
            "area": "320102001",
            "recorded_at": NOW,
            "decided_at": DECIDED_AT,
            "on": date(2026, 5, 6),
            "decision_id": "decision-1",
            "clause": "JL-10",
            "rule": "exit.failed_evaluations",
            "staff": "community_worker",
            "permits": True,
            "account": "http://issuer.example|clerk",
            "subject": "worker-7",
            "organisation": "organisation-1",
            "asked_account": None,
        }

    def test_is_found_by_no_more_than_is_left_of_it(self) -> None:
        entry = made()
        left = {name: value for name, value in values(entry).items() if name in ("account", "policy")}

        columns = found_by(attributes_of(entry.leaf), content_of(left))

        assert {name for name, value in columns.items() if value != entry.columns[name]} == {
            "area",
            "subject",
            "organisation",
        }
        assert (columns["area"], columns["subject"], columns["organisation"]) == ("320102", None, None)

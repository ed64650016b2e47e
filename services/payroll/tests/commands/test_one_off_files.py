"""Payments beside wages at the bank and the tax office: the same rules as for a run."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from common.actors import Role
from common.errors import NotFound, WrongState
from common.events.payroll import OneOffFileOpened, OneOffFileSealed
from common.testing import Bench, somebody
from payroll.commands import one_off_files as commands
from payroll.commands import one_off_payments
from payroll.commands.one_off_payments import OutsideAccount, PaymentInFile
from payroll.commands.payments import PaidBeforeTheFile, PaymentFormNotKnown
from payroll.models import HeldBackPayment, OneOffFile, OneOffKind, OneOffPayment
from payroll.tests.commands.test_one_off_payments import (
    COUNTY,
    INTERN,
    LABOUR,
    ON,
    SEVERANCE,
    approves,
    clerk,
    enters,
    finance,
    ready,  # noqa: F401  # a fixture
)
from payroll.tests.commands.test_payments import has_account
from payroll.tests.files.reading import (
    CANARIES,
    by_libreoffice,
    csv_rows,
    formulas_and_hidden_parts,
    needs_libreoffice,
    values,
)
from payroll.tests.paged import pages
from payroll.tests.sealed import UNION, has_worker

CARD, NUMBER = "6222021234567890128", "110101199003077715"
EXPERT = OutsideAccount(holder="钱专家", bank="建设银行", number=CARD)
OTHER_UNIT = "union-320102002"
BODY = {"area": COUNTY, "organisation_id": UNION, "paid_in": "2026-09"}


@pytest.fixture
def bench(ready: Bench) -> Bench:  # noqa: F811
    return ready


async def pays(bench: Bench, given: Any = LABOUR, **changes: Any) -> OneOffPayment:
    payment = await enters(bench, given, **changes)
    await approves(bench, payment)
    return payment


async def pays_outside(bench: Bench, given: Any = LABOUR, paid_to: OutsideAccount = EXPERT, **changes: Any) -> Any:
    known: dict[str, Any] = {"paid_to": paid_to, "identity_number": NUMBER, "sealer": bench.runtime.sealer}
    return await pays(bench, given, **(known | changes))


async def pays_worker(bench: Bench, worker_id: str, **changes: Any) -> OneOffPayment:
    return await pays(bench, worker_id=worker_id, payee_id=None, **({"organisation_id": OTHER_UNIT} | changes))


async def seals(bench: Bench, **changes: Any) -> OneOffFile:
    asked: dict[str, Any] = BODY | {"sealer": bench.runtime.sealer, "actor": clerk}
    file: OneOffFile = await bench.run(commands.seal_one_off_file, **(asked | changes))
    return file


async def content(bench: Bench, file: OneOffFile) -> bytes:
    asked: dict[str, Any] = {"file_id": file.file_id, "sealer": bench.runtime.sealer}
    _, found = await bench.run(commands.open_one_off_file, actor=clerk, **asked)
    assert hashlib.sha256(found).hexdigest() == file.digest
    opened: bytes = found
    return opened


async def rows_of(bench: Bench) -> dict[str, OneOffPayment]:
    return {one.payment_id: one for one in await bench.rows(OneOffPayment)}


class TestSealOneOffFile:
    async def test_pays_who_is_from_outside_to_the_account_that_was_approved_with_the_payment(self, bench: Bench):
        payment = await pays_outside(bench)
        file = await seals(bench)

        assert (file.payments, file.total, file.held_back) == (1, 256_000, 0)
        found = csv_rows(await content(bench, file))
        assert found[0][:4] == ["总笔数", "1", "总金额（元）", "2560.00"]
        assert found[-1] == ["1", CARD, "钱专家", "建设银行", "2560.00", "2026-09劳务报酬"]
        assert (await rows_of(bench))[payment.payment_id].file_id == file.file_id
        [said] = await bench.sent(OneOffFileSealed)
        assert (said.payments, said.held_back, said.digest) == (1, 0, file.digest)

    async def test_pays_workers_to_their_confirmed_accounts_and_names_who_is_held_back(self, bench: Bench):
        for worker_id in ("zhang", "li", "wang"):
            await has_worker(bench, worker_id)
        await has_account(bench, "zhang")
        await has_account(bench, "li")
        await has_account(bench, "li", confirmed=False)
        paid = {worker_id: await pays_worker(bench, worker_id) for worker_id in ("zhang", "li", "wang")}
        expert = await pays(bench, organisation_id=OTHER_UNIT)
        file = await seals(bench, organisation_id=OTHER_UNIT)

        assert [row[2] for row in csv_rows(await content(bench, file))[2:]] == ["zhang的姓名"]
        assert file.held_back == 3
        assert {one.payment_id: (one.reason, one.amount) for one in await bench.rows(HeldBackPayment)} == {
            paid["li"].payment_id: ("account_not_confirmed", 256_000),
            paid["wang"].payment_id: ("account_missing", 256_000),
            expert.payment_id: ("account_missing", 256_000),
        }

        await has_account(bench, "wang")
        later = await seals(bench, organisation_id=OTHER_UNIT)
        assert [row[2] for row in csv_rows(await content(bench, later))[2:]] == ["wang的姓名"]

    async def test_tells_the_kinds_apart_on_the_statement(self, bench: Bench):
        for given in (LABOUR, SEVERANCE, INTERN):
            await pays_outside(bench, given)

        remarks = {row[5] for row in csv_rows(await content(bench, await seals(bench)))[2:]}
        assert remarks == {"2026-09劳务报酬", "2026-09解除劳动合同补偿", "2026-09实习报酬"}

    @pytest.mark.parametrize(
        "asked",
        [
            pytest.param({"organisation_id": OTHER_UNIT}, id="of another unit"),
            pytest.param({"paid_in": "2026-10"}, id="of another month"),
            pytest.param({"area": "320102009"}, id="of another street"),
        ],
    )
    async def test_takes_only_what_was_asked(self, bench: Bench, asked: dict[str, str]):
        await pays_outside(bench)

        with pytest.raises(commands.NoPaymentToFile):
            await seals(bench, **asked)
        assert await bench.rows(OneOffFile) == []

    async def test_not_what_waits_for_approval_was_rejected_or_is_paid(self, bench: Bench):
        known: dict[str, Any] = {"paid_to": EXPERT, "identity_number": NUMBER, "sealer": bench.runtime.sealer}
        waits, rejected = [await enters(bench, **known) for _ in range(2)]
        paid = await pays_outside(bench)
        await bench.run(one_off_payments.reject_one_off_payment, actor=clerk, payment_id=rejected.payment_id, on=ON)
        done: dict[str, Any] = {"payment_id": paid.payment_id, "on": ON, "reference": "1"}
        await bench.run(one_off_payments.record_one_off_payment, actor=clerk, **done)

        with pytest.raises(commands.NoPaymentToFile) as refused:
            await seals(bench)
        assert refused.value.params == {"held_back": 0}
        assert (await rows_of(bench))[waits.payment_id].file_id is None

    async def test_nobody_is_paid_twice_also_when_two_seal_at_once(self, bench: Bench):
        await pays_outside(bench)
        answers = await asyncio.gather(*(seals(bench) for _ in range(2)), return_exceptions=True)

        assert sorted(type(one).__name__ for one in answers) == ["NoPaymentToFile", "OneOffFile"]

    async def test_nor_by_itself_once_it_is_in_a_file(self, bench: Bench):
        payment = await pays_outside(bench)
        await seals(bench)

        with pytest.raises(PaymentInFile):
            await bench.run(
                one_off_payments.record_one_off_payment,
                actor=clerk,
                payment_id=payment.payment_id,
                on=ON,
                reference="1",
            )

    async def test_a_payment_that_tax_takes_whole_is_neither_paid_nor_held_back(self, bench: Bench):
        payment = await pays_outside(bench)
        async with bench.session() as session, session.begin():
            row = await session.get(OneOffPayment, payment.payment_id)
            assert row is not None
            row.net = 0

        with pytest.raises(commands.NoPaymentToFile):
            await seals(bench)

    async def test_is_sealed_in_the_database(self, bench: Bench):
        await pays_outside(bench)
        await seals(bench)

        [file], [payment] = await bench.rows(OneOffFile), await bench.rows(OneOffPayment)
        kept = [file.content_sealed, payment.number_sealed, payment.holder_sealed, payment.identity_sealed]
        assert not any(word.encode() in (one or b"") for word in (CARD, "钱专家", NUMBER) for one in kept)
        assert payment.number_masked == f"{'*' * 15}0128"

    async def test_says_who_took_it_out(self, bench: Bench):
        await pays_outside(bench)
        file = await seals(bench)
        await content(bench, file)

        [said] = await bench.sent(OneOffFileOpened)
        assert (said.file_id, said.opened_by) == (file.file_id, clerk.account)

    async def test_is_of_a_form_that_is_kept(self, bench: Bench):
        await pays_outside(bench)

        with pytest.raises(PaymentFormNotKnown):
            await seals(bench, form_name="bank_of_nowhere")
        bare = await content(bench, await seals(bench, form_name="bank_bare_gb18030"))
        assert bare.decode("gb18030") == f"1|{CARD}|钱专家|256000|CNY|2026-09劳务报酬\r\n"

    async def test_not_outside_the_own_area(self, bench: Bench):
        await pays_outside(bench)
        with pytest.raises(NotFound):
            await seals(bench, area="320104")
        file = await seals(bench)
        neighbour = somebody(Role.FINANCE, area="320104", subject="neighbour")

        with pytest.raises(NotFound):
            await bench.run(
                commands.open_one_off_file, actor=neighbour, file_id=file.file_id, sealer=bench.runtime.sealer
            )


class TestRecordOneOffFile:
    async def test_pays_all_that_is_in_it_once(self, bench: Bench):
        inside, outside = await pays_outside(bench), await pays(bench)
        file = await seals(bench)
        done: dict[str, Any] = {"actor": clerk, "file_id": file.file_id, "on": ON, "reference": "20260920-1"}
        with pytest.raises(PaidBeforeTheFile):
            await bench.run(commands.record_one_off_file, **(done | {"on": ON - timedelta(days=1)}))
        await bench.run(commands.record_one_off_file, **done)

        rows = await rows_of(bench)
        paid = rows[inside.payment_id]
        assert (paid.paid_on, paid.paid_by, paid.reference) == (ON, clerk.account, "20260920-1")
        assert rows[outside.payment_id].paid_on is None
        with pytest.raises(WrongState):
            await bench.run(commands.record_one_off_file, **done)


async def taken_out(bench: Bench, kind: str, **changes: Any) -> bytes:
    asked: dict[str, Any] = {
        "area": COUNTY, "organisation_id": UNION, "paid_in": "2026-09", "kind": OneOffKind(kind),
        "written_as": "xlsx", "reason": "2026年9月扣缴申报", "sealer": bench.runtime.sealer,
    }  # fmt: skip
    sheet: bytes = await bench.run(commands.export_one_off_tax_sheet, **({"actor": clerk} | asked | changes))
    return sheet


class TestNothingInACellIsRun:
    @pytest.mark.parametrize("name", [one.strip("\t\r\n") for one in CANARIES])
    async def test_neither_in_the_bank_s_file_nor_in_the_sheet(self, bench: Bench, name: str):
        await pays_outside(bench, paid_to=OutsideAccount(holder=name, bank="建设银行", number=CARD), payee_id="=1+1")
        sheet, csv = [await taken_out(bench, "labour_remuneration", written_as=kind) for kind in ("xlsx", "csv")]
        file = await content(bench, await seals(bench, written_as="xlsx"))

        assert [*formulas_and_hidden_parts(sheet), *formulas_and_hidden_parts(file)] == []
        assert values(sheet)[1][:2] == ["=1+1", name]
        assert values(file)[2][2] == name
        assert csv_rows(csv)[1][:2] == ["'=1+1", f"'{name}"]

    @needs_libreoffice
    async def test_as_libreoffice_shows_it(self, bench: Bench, tmp_path: Any):
        await pays_outside(bench, paid_to=OutsideAccount(holder="=1+1", bank="建设银行", number=CARD))
        sheet = by_libreoffice(await taken_out(bench, "labour_remuneration"), tmp_path)
        (folder := tmp_path / "file").mkdir()
        file = by_libreoffice(await content(bench, await seals(bench, written_as="xlsx")), folder)

        assert sheet["劳务报酬所得"][1][:4] == ["expert-017", "=1+1", "居民身份证", NUMBER]
        assert file["代发工资"][2][1:3] == [CARD, "=1+1"]


OUTSIDE = {"paid_to": {"holder": "钱专家", "bank": "建设银行", "number": "6222 0212 3456 7890 128"}}


class TestOverHttp:
    async def test_from_entering_to_paid(self, bench: Bench):
        async with finance(bench) as client, finance(bench, "chief") as checker:
            given = LABOUR | OUTSIDE | {"identity_number": NUMBER}
            payment = (await client.post("/v1/one-off-payments", json=given)).json()
            assert (payment["number_masked"], payment["bank"]) == (f"{'*' * 15}0128", "建设银行")
            assert NUMBER not in str(payment)
            place = f"/v1/one-off-payments/{payment['payment_id']}/approval"
            assert (await checker.post(place, json={"on": str(ON)})).status_code == 200
            sealed = await client.post("/v1/one-off-files", json=BODY)
            file = f"/v1/one-off-files/{sealed.json()['file_id']}"
            opened = await client.get(f"{file}/content")
            paid = await client.post(f"{file}/payment", json={"on": str(ON), "reference": "1"})
            seen = (await client.get("/v1/one-off-files", params={"paid_in": "2026-09", "limit": 1})).json()
            [row] = (await client.get("/v1/one-off-payments")).json()["items"]
            sheet = await client.get(
                "/v1/one-off-tax-sheets/labour_remuneration", params={**BODY, "reason": "扣缴申报"}
            )

        assert (sealed.status_code, sealed.json()["total"]) == (201, "2560.00")
        assert hashlib.sha256(opened.content).hexdigest() == sealed.json()["digest"]
        assert (opened.headers["cache-control"], CARD in opened.text) == ("no-store", True)
        assert (paid.json()["paid_on"], row["paid_on"], row["file_id"]) == (str(ON), str(ON), sealed.json()["file_id"])
        assert ([one["file_id"] for one in seen["items"]], "content_sealed" in str(seen)) == ([row["file_id"]], False)
        assert (sheet.status_code, values(sheet.content)[1][3]) == (200, NUMBER)

    async def test_lists_what_is_held_back_and_whose_account_changed_since(self, bench: Bench):
        await has_worker(bench, "zhang")
        await has_account(bench, "zhang")
        await pays_worker(bench, "zhang")
        outside = [
            (await pays(bench, organisation_id=OTHER_UNIT, payee_id=payee_id)).payment_id for payee_id in ("a-1", "a-2")
        ]
        file = await seals(bench, organisation_id=OTHER_UNIT)
        await has_account(bench, "zhang", confirmed=False)
        path = f"/v1/one-off-files/{file.file_id}"
        async with finance(bench) as client:
            opened = await client.get(f"{path}/content")
            waiting = (await client.get(f"{path}/accounts-waiting")).json()
            first, second = [page async for page in pages(client, f"{path}/held-back", limit=1)]

        assert opened.headers["x-accounts-waiting-count"] == "1"
        assert (waiting["items"], waiting["next"]) == ([{"worker_id": "zhang"}], None)
        held_back = {"amount": "2560.00", "reason": "account_missing"}
        assert first + second == [{"payment_id": payment_id, **held_back} for payment_id in sorted(outside)]

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(OUTSIDE | {"worker_id": "zhang", "payee_id": None}, id="an account of a worker"),
            pytest.param({"identity_number": "110101199003077716"}, id="a number that is none"),
            pytest.param({"paid_to": OUTSIDE["paid_to"] | {"number": "12"}}, id="an account too short"),
        ],
    )
    async def test_refuses_what_does_not_belong_together(self, bench: Bench, body: dict[str, Any]):
        async with finance(bench) as client:
            answer = await client.post("/v1/one-off-payments", json=LABOUR | body)

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
        assert "11010119900307771" not in answer.text

    @pytest.mark.parametrize("role", [Role.LEAD_DEPARTMENT, Role.STREET_OFFICE, Role.AUDITOR, Role.WORKER])
    async def test_is_for_finance_alone(self, bench: Bench, role: Role):
        async with bench.client(role, area=COUNTY) as client:
            asked = [
                await client.post("/v1/one-off-files", json=BODY),
                await client.get("/v1/one-off-files/file-1/content"),
                await client.post("/v1/one-off-files/file-1/payment", json={"on": str(ON), "reference": "1"}),
                await client.get("/v1/one-off-tax-sheets/severance", params={**BODY, "reason": "扣缴申报"}),
            ]
        assert [one.status_code for one in asked] == [403] * 4

    async def test_needs_a_reason_for_the_sheet(self, bench: Bench):
        async with finance(bench) as client:
            assert (await client.get("/v1/one-off-tax-sheets/severance", params=BODY)).status_code == 422

"""What a caller gets when something is wrong, and lists in pages."""

import base64

import pytest
from sqlalchemy import Integer, column, select, table

from common.actors import Role
from common.errors import BadCursor
from common.paging import make_page, page_query
from common.tests.diary import DAY, Entry

IDENTITY = "11010519491231002X"


@pytest.fixture(autouse=True)
def day(bench):
    bench.set_today(DAY)


async def ask(bench, method="POST", path="/v1/entries/e-1", *, language="zh", roles=(Role.LEAD_DEPARTMENT,), **more):
    async with bench.client(*roles, language=language) as client:
        return await client.request(method, path, **more)


class TestProblem:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"{", 400, "BODY_NOT_JSON"),
            (b"", 422, "VALIDATION_FAILED"),
            (b'{"words": "x", "weight": NaN}', 422, "VALIDATION_FAILED"),
            (b'{"words": "x", "weight": 1e999}', 422, "VALIDATION_FAILED"),
            (b"[]", 422, "VALIDATION_FAILED"),
            (b"\xff\xfe", 400, "BODY_NOT_JSON"),
            (b'{"words": "x", "status": "approved"}', 422, "VALIDATION_FAILED"),
            (b"[" * 100_000, 400, "HTTP_400"),
        ],
    )
    async def test_a_body_that_is_not_right_is_told_where(self, bench, body, status, code):
        answer = await ask(bench, content=body, headers={"Content-Type": "application/json"})

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert await bench.rows(Entry) == []

    @pytest.mark.parametrize(
        "body",
        [
            {"words": {"number": IDENTITY}},
            {"words": IDENTITY * 9},
            {"words": "x", "weight": IDENTITY},
            {"words": "x", IDENTITY: 1},
            IDENTITY,
        ],
    )
    async def test_what_was_sent_is_not_repeated(self, bench, body):
        answer = await ask(bench, json=body)

        assert answer.status_code == 422
        assert IDENTITY not in answer.text
        assert answer.json()["errors"]

    @pytest.mark.parametrize(
        ("key", "told"),
        [
            ("wrods", "wrods"),
            ("entry_2026.a-b", "entry_2026.a-b"),
            ("no_12345", "…"),  # five digits together
            ("13800000000", "…"),
            ("张三", "…"),
            ("Zhang San", "…"),
            ("", "…"),
            ("a" * 60, "a" * 60),
            ("a" * 61, "…"),
        ],
    )
    async def test_a_field_is_named_where_its_name_is_a_plain_word(self, bench, key, told):
        answer = await ask(bench, json={"words": "x", key: 1})

        assert [one["pointer"] for one in answer.json()["errors"]] == [f"#/body/{told}"]

    async def test_a_body_that_is_no_json_is_not_repeated(self, bench):
        answer = await ask(bench, content=IDENTITY.encode(), headers={"Content-Type": "application/json"})

        assert answer.status_code == 400
        assert IDENTITY not in answer.text

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    async def test_a_method_the_path_does_not_have_is_told_those_it_has(self, bench, method):
        answer = await ask(bench, method)

        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, POST"
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("language", "title"), [("zh", "没有找到"), ("en", "Not found"), ("en-GB,zh", "Not found")]
    )
    async def test_an_unknown_path_is_a_problem_in_the_callers_language(self, bench, language, title):
        answer = await ask(bench, "GET", "/v1/nothing", language=language)

        assert (answer.status_code, answer.json()["title"]) == (404, title)
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_a_crash_tells_nothing_of_itself(self, bench, monkeypatch):
        async def breaks(*_arguments, **_named):
            raise RuntimeError(f"secret {IDENTITY} in /srv/app.py")

        monkeypatch.setattr("common.tests.diary.write_entry", breaks)
        answer = await ask(bench, json={"words": "x"})

        assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
        assert "secret" not in answer.text
        assert "RuntimeError" not in answer.text

    async def test_a_refusal_names_clause_value_and_fact(self, bench):
        answer = await ask(bench, json={"words": "much too long"}, language="en")

        assert answer.status_code == 409
        assert answer.json()["clause"] == "DI-1"
        assert "10" in answer.json()["detail"]
        assert "13" in answer.json()["detail"]

    async def test_nobody_and_somebody_without_the_role_are_told_apart(self, bench):
        nobody = await ask(bench, roles=(), json={"words": "x"})
        other = await ask(bench, roles=(Role.APPLICANT,), json={"words": "x"})

        assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
        assert other.status_code == 403
        assert await bench.rows(Entry) == []

    @pytest.mark.parametrize("other", sorted(set(Role) - {Role.WORKER, Role.LEAD_DEPARTMENT}))
    async def test_a_role_that_an_operation_is_not_open_to_counts_for_nothing_there(self, bench, other):
        alone = await ask(bench, "GET", "/v1/roles", roles=(other,))
        worker = await ask(bench, "GET", "/v1/roles", roles=(Role.WORKER, other))
        office = await ask(bench, "GET", "/v1/roles", roles=(Role.WORKER, other, Role.LEAD_DEPARTMENT))

        assert alone.status_code == 403
        assert worker.json() == {"roles": ["worker"], "is_for_himself": True}
        assert office.json() == {"roles": ["lead_department", "worker"], "is_for_himself": False}

    @pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "bearer null"])
    async def test_a_credential_that_is_none_is_a_401(self, bench, header):
        answer = await ask(bench, roles=(), json={"words": "x"}, headers={"Authorization": header})

        assert answer.status_code == 401


KEY = b"k" * 32
NUMBERS = table("numbers", column("n", Integer))


def page(rows, *, limit=2, key=KEY, question="q"):
    return make_page(rows, limit=limit, key=key, question=question, place=lambda n: [n])


def query(cursor, *, key=KEY, question="q", limit=2):
    return page_query(select(NUMBERS.c.n), order=[NUMBERS.c.n], key=key, question=question, cursor=cursor, limit=limit)


class TestPaging:
    def test_goes_on_after_the_last_row_shown(self):
        first = page([1, 2, 3])
        following = str(query(first.next).compile(compile_kwargs={"literal_binds": True}))

        assert list(first.items) == [1, 2]
        assert "> (2)" in following
        assert page([3]).next is None
        assert page([3, 4]).next is None

    def test_an_altered_cursor_is_refused_wherever_it_was_altered(self):
        both = base64.urlsafe_b64decode(page([1, 2, 3]).next)
        for place in range(len(both)):
            altered = both[:place] + bytes([both[place] ^ 1]) + both[place + 1 :]
            with pytest.raises(BadCursor):
                query(base64.urlsafe_b64encode(altered).decode())

    @pytest.mark.parametrize("cursor", ["", "x", "?", "页", "AAAA", base64.urlsafe_b64encode(b"\0" * 40).decode()])
    def test_what_is_no_cursor_is_refused(self, cursor):
        with pytest.raises(BadCursor):
            query(cursor)

    def test_of_another_question_or_installation_is_refused(self):
        cursor = page([1, 2, 3]).next

        for changed in ({"question": "p"}, {"key": b"o" * 32}):
            with pytest.raises(BadCursor):
                query(cursor, **changed)

    def test_a_page_is_never_longer_than_the_longest(self):
        assert len(page(range(500), limit=10_000).items) == 200
        assert "LIMIT 201" in str(query(None, limit=10_000).compile(compile_kwargs={"literal_binds": True}))

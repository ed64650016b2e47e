"""The witness: what it cosigns and refuses, and that it keeps to it through crashes and beside a second process."""

import asyncio
import fcntl
import hashlib
import itertools
import json
import os
import random
import re
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from audit.tests.histories import LOG_KEY, ORIGIN, History
from audit.tests.witnesses import Serving, serving
from audit.tlog import witness
from audit.tlog.notes import (
    BadNote,
    Checkpoint,
    CosigningKey,
    Ed25519Key,
    VerifierKey,
    add_signatures,
    encode,
    open_note,
    parse_checkpoint,
    read_checkpoint,
    sign_note,
    split_note,
)
from audit.tlog.tree import EMPTY_ROOT
from audit.tlog.witness import LONGEST_REQUEST, MOST_EVIDENCE, NoWitness, WitnessBook, witness_app
from audit.tlog.witness_cli import main

NAME = "witness.example/w1"
ORIGIN_HASH = hashlib.sha256(ORIGIN.encode()).hexdigest()
TRUE = History()
FORKED = History("as it should have been", fork=4)
NEW_KEY = Ed25519Key(ORIGIN, hashlib.sha256(b"next log key").digest())
STRANGER = Ed25519Key("stranger.example/log", bytes(32))


@pytest.fixture
def book(tmp_path: Path) -> WitnessBook:
    made = WitnessBook(tmp_path / "witness")
    made.init(NAME)
    made.add_log(str(LOG_KEY.verifier))
    return made


def status(book: WitnessBook, body: bytes, now: int = 1000) -> int:
    return book.add_checkpoint(body, now).status


class TestCosigns:
    def test_a_first_checkpoint_and_one_that_continues_it(self, book: WitnessBook) -> None:
        first = book.add_checkpoint(TRUE.request(0, 5), now=1000)
        second = book.add_checkpoint(TRUE.request(5, 12), now=1001)

        assert (first.status, second.status) == (200, 200)
        opened = open_note(add_signatures(TRUE.note(12), [second.body]), book.verifier())
        assert [one.time for one in opened.signatures] == [1001]

    def test_the_same_checkpoint_again_with_a_later_time(self, book: WitnessBook) -> None:
        status(book, TRUE.request(0, 5), now=1000)

        again = book.add_checkpoint(TRUE.request(5, 5), now=1060)

        assert again.status == 200
        assert open_note(TRUE.note(5) + again.body, book.verifier()).signatures[0].time == 1060

    def test_every_step_of_a_growing_log(self, book: WitnessBook) -> None:
        assert {status(book, TRUE.request(size, size + 1)) for size in range(40)} == {200}

    def test_an_empty_log(self, book: WitnessBook) -> None:
        assert status(book, TRUE.request(0, 0)) == 200
        assert status(book, TRUE.request(0, 3)) == 200

    def test_a_log_with_an_origin_of_its_own(self, book: WitnessBook) -> None:
        log = History(key=STRANGER, origin="the log of the county")
        book.add_log(str(STRANGER.verifier), log.origin)

        assert status(book, log.request(0, 5)) == 200
        assert status(book, History(key=STRANGER, origin=STRANGER.verifier.name).request(0, 5)) == 404

    def test_with_either_key_while_they_overlap(self, book: WitnessBook) -> None:
        book.add_log(str(NEW_KEY.verifier))

        assert status(book, TRUE.request(0, 5)) == 200
        assert status(book, History(key=NEW_KEY).request(5, 9)) == 200

    def test_beside_signatures_it_does_not_know(self, book: WitnessBook) -> None:
        unknown = f"— {ORIGIN} {encode(bytes([6, 6, 6, 6]) + bytes(2428))}\n— x.example {encode(bytes(40))}\n"

        assert status(book, TRUE.request(0, 5) + unknown.encode()) == 200
        assert "x.example" not in (book.latest(ORIGIN_HASH) or "")

    def test_logs_one_apart_from_the_other(self, book: WitnessBook) -> None:
        book.add_log(str(STRANGER.verifier))
        other = History(key=STRANGER, origin=STRANGER.verifier.name)

        assert (status(book, TRUE.request(0, 9)), status(book, other.request(0, 3))) == (200, 200)


def request_of(text: str, *, old: str = "old 0", key: Ed25519Key = LOG_KEY) -> bytes:
    return f"{old}\n\n{sign_note(text, key)}".encode()


class TestRefuses:
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(TRUE.note(5).encode(), id="a note alone"),
            pytest.param(request_of(TRUE.text(5), old="old 00"), id="a size with leading zeros"),
            pytest.param(request_of(TRUE.text(5), old="old  0"), id="two spaces"),
            pytest.param(request_of(TRUE.text(5), old="new 0"), id="another word"),
            pytest.param(request_of(TRUE.text(5), old="old -1"), id="a size below zero"),
            pytest.param(request_of(TRUE.text(5), old="old 0\nAAAA"), id="a hash that is too short"),
            pytest.param(request_of(TRUE.text(5), old="old 0\nx"), id="a hash that is no base64"),
            pytest.param(request_of(TRUE.text(5), old="\n".join(["old 0"] + [encode(bytes(32))] * 64)), id="64 hashes"),
            pytest.param(request_of(TRUE.text(5) + "extension\n"), id="an extension line, which nobody can audit"),
            pytest.param(request_of(TRUE.text(5).replace("\n5\n", "\n05\n")), id="a checkpoint with leading zeros"),
            pytest.param(request_of("no checkpoint\n"), id="a note that is no checkpoint"),
            pytest.param(TRUE.request(0, 5).replace(b"\n", b"\r\n"), id="lines of another system"),
            pytest.param(TRUE.request(0, 5) + b"\xff\n", id="no UTF-8"),
            pytest.param(TRUE.request(0, 5)[:-1], id="a last line without end"),
            pytest.param(TRUE.request(6, 6).replace(b"old 6", b"old 7"), id="an old size above the new one"),
        ],
    )
    def test_what_is_malformed(self, book: WitnessBook, body: bytes) -> None:
        assert status(book, body) == 400
        assert book.latest(ORIGIN_HASH) is None

    def test_a_log_it_does_not_know(self, book: WitnessBook) -> None:
        other = History(key=STRANGER, origin=STRANGER.verifier.name)

        assert status(book, other.request(0, 5)) == 404

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(History(key=STRANGER).request(0, 5), id="the key of another log"),
            pytest.param(History(key=NEW_KEY).request(0, 5), id="another key of the same name"),
            pytest.param(TRUE.request(0, 5).replace(b"\n5\n", b"\n6\n"), id="another size than was signed"),
            pytest.param(
                TRUE.request(0, 5) + f"— {ORIGIN} {encode(LOG_KEY.verifier.key_id + bytes(64))}\n".encode(),
                id="a bad signature of the key beside its good one",
            ),
        ],
    )
    def test_what_the_log_has_not_signed(self, book: WitnessBook, body: bytes) -> None:
        assert status(book, body) == 403

    @pytest.mark.parametrize("old", [0, 4, 6])
    def test_another_old_size_with_the_right_one(self, book: WitnessBook, old: int) -> None:
        status(book, TRUE.request(0, 5))

        reply = book.add_checkpoint(TRUE.request(old, 9), now=1000)

        assert (reply.status, reply.content_type, reply.body) == (409, "text/x.tlog.size", "5\n")

    def test_an_empty_log_with_the_root_of_another(self, book: WitnessBook) -> None:
        assert status(book, request_of(Checkpoint(ORIGIN, 0, TRUE.root(1)).text())) == 422
        assert status(book, request_of(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text())) == 200

    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda path: path[:-1], id="a hash left out"),
            pytest.param(lambda path: [*path, bytes(32)], id="a hash too many"),
            pytest.param(lambda path: path[::-1], id="another order"),
            pytest.param(lambda path: [], id="no proof"),
        ],
    )
    def test_a_bad_proof(self, book: WitnessBook, spoil: Callable[[list[bytes]], list[bytes]]) -> None:
        status(book, TRUE.request(0, 5))
        path = spoil(TRUE.path(5, 12))

        assert status(book, "\n".join(["old 5", *map(encode, path), "", TRUE.note(12)]).encode()) == 422
        assert status(book, TRUE.request(5, 12)) == 200

    def test_a_proof_from_nothing(self, book: WitnessBook) -> None:
        assert status(book, f"old 0\n{encode(bytes(32))}\n\n{TRUE.note(5)}".encode()) == 422

    def test_to_go_on_with_a_clock_that_ran_back(self, book: WitnessBook) -> None:
        status(book, TRUE.request(0, 5), now=1000)

        assert status(book, TRUE.request(5, 9), now=999) == 503
        assert status(WitnessBook(book.folder), TRUE.request(5, 9), now=999) == 503
        assert status(book, TRUE.request(5, 9), now=1000) == 200

    def test_to_go_on_for_one_log_with_a_clock_before_that_of_another(self, book: WitnessBook) -> None:
        book.add_log(str(STRANGER.verifier))
        status(book, TRUE.request(0, 5), now=1000)

        other = History(key=STRANGER, origin=STRANGER.verifier.name)
        assert status(book, other.request(0, 5), now=999) == 503


class TestAttacks:
    """The keeper of the log holds its key and has rewritten what the witness has cosigned (8 entries)."""

    @pytest.fixture
    def met(self, book: WitnessBook) -> WitnessBook:
        assert status(book, TRUE.request(0, 8)) == 200
        return book

    @pytest.mark.parametrize(
        ("request_body", "answer"),
        [
            pytest.param(TRUE.request(0, 6), 409, id="rollback, as if nothing had been cosigned"),
            pytest.param(TRUE.request(6, 6), 409, id="rollback to a state that once was"),
            pytest.param(TRUE.request(6, 6).replace(b"old 6", b"old 8"), 400, id="rollback, old size as cosigned"),
            pytest.param(FORKED.request(0, 12), 409, id="fork, told as a new log"),
            pytest.param(FORKED.request(8, 12), 422, id="fork, with a proof from its own past"),
            pytest.param(FORKED.request(4, 12), 409, id="fork, proved from before it"),
            pytest.param(FORKED.request(8, 8), 422, id="same size, another root"),
            pytest.param(FORKED.request(0, 8), 409, id="same size, another root, told as new"),
        ],
    )
    def test_no_attack_is_cosigned(self, met: WitnessBook, request_body: bytes, answer: int) -> None:
        before = met.latest(ORIGIN_HASH)

        assert status(met, request_body) == answer
        assert status(WitnessBook(met.folder), request_body) == answer
        assert met.latest(ORIGIN_HASH) == before

    @pytest.mark.parametrize("old", [0, 8])
    def test_two_roots_for_one_size_are_kept_as_evidence(self, met: WitnessBook, old: int) -> None:
        cosigned = met.latest(ORIGIN_HASH)

        status(met, FORKED.request(old, 8), now=1234)

        (found,) = WitnessBook(met.folder).evidence()
        assert (found.cosigned, found.refused, found.seen_at) == (cosigned, FORKED.note(8), 1234)
        roots = {read_checkpoint(note, LOG_KEY.verifier).root for note in (found.cosigned, found.refused)}
        assert roots == {TRUE.root(8), FORKED.root(8)}

    def test_evidence_is_there_before_the_answer(self, met: WitnessBook, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "fsync", _broken)

        with pytest.raises(OSError, match="broken"):
            status(met, FORKED.request(8, 8))

    def test_what_proves_nothing_is_no_evidence(self, met: WitnessBook) -> None:
        for body in (FORKED.request(8, 12), TRUE.request(6, 6), History(key=STRANGER).request(8, 8)):
            status(met, body)

        assert met.evidence() == []

    def test_one_contradiction_is_kept_once_and_many_are_bounded(self, met: WitnessBook) -> None:
        for number in range(MOST_EVIDENCE + 5):
            for now in (2000, 3000):
                assert status(met, History(f"history {number}", fork=1).request(8, 8), now) == 422

        assert [one.seen_at for one in met.evidence()] == [2000] * MOST_EVIDENCE

    def test_a_state_that_is_gone_does_not_start_anew(self, met: WitnessBook) -> None:
        (met.folder / "states" / ORIGIN_HASH).unlink()

        assert status(met, FORKED.request(0, 8)) == 503
        met.add_log(str(NEW_KEY.verifier))
        assert status(met, FORKED.request(0, 8)) == 503

    @pytest.mark.parametrize(
        "state",
        [
            pytest.param(lambda key: FORKED.note(8), id="not cosigned"),
            pytest.param(lambda key: FORKED.note(8) + key.cosign(TRUE.text(8), time=7), id="cosigned otherwise"),
            pytest.param(lambda key: sign_note("x\n", LOG_KEY) + key.cosign("x\n", time=7), id="no checkpoint"),
            pytest.param(
                lambda key: "".join([f"{Checkpoint('y', 8, bytes(32)).text()}\n", _cosigned("y", key)]),
                id="that of another log",
            ),
        ],
    )
    def test_a_state_that_it_did_not_write_stops_it(
        self, met: WitnessBook, state: Callable[[CosigningKey], str]
    ) -> None:
        key = CosigningKey.read((met.folder / "key").read_text("utf-8"))
        (met.folder / "states" / ORIGIN_HASH).write_text(state(key), "utf-8")

        assert status(met, TRUE.request(8, 9)) == 503
        assert status(met, FORKED.request(8, 9)) == 503


def _cosigned(origin: str, key: CosigningKey) -> str:
    return key.cosign(Checkpoint(origin, 8, bytes(32)).text(), time=7)


def _broken(*_: object) -> None:
    raise OSError("broken")


class TestFolder:
    def test_the_key_is_for_its_owner_alone(self, book: WitnessBook) -> None:
        assert stat.S_IMODE((book.folder / "key").stat().st_mode) == 0o600
        assert stat.S_IMODE(book.folder.stat().st_mode) == 0o700

    def test_a_second_witness_does_not_overwrite_the_first(self, tmp_path: Path) -> None:
        book = WitnessBook(tmp_path)
        key = book.init(NAME)

        with pytest.raises(NoWitness):
            WitnessBook(book.folder).init(NAME)

        assert book.verifier() == key

    def test_no_new_key_takes_over_what_another_has_cosigned(self, book: WitnessBook) -> None:
        (book.folder / "key").unlink()

        with pytest.raises(NoWitness):
            book.init(NAME)

    def test_every_witness_draws_its_own_key(self, tmp_path: Path) -> None:
        assert WitnessBook(tmp_path / "a").init(NAME) != WitnessBook(tmp_path / "b").init(NAME)

    @pytest.mark.parametrize(
        "vkey",
        [
            pytest.param("", id="nothing"),
            pytest.param(str(CosigningKey(NAME, bytes(32)).verifier), id="a witness"),
            pytest.param(str(VerifierKey(ORIGIN, bytes(32), 6)), id="an algorithm we do not know"),
        ],
    )
    def test_what_is_no_key_of_a_log_is_not_known(self, book: WitnessBook, vkey: str) -> None:
        with pytest.raises(BadNote):
            book.add_log(vkey)

    def test_a_key_told_twice_is_known_once(self, book: WitnessBook) -> None:
        book.add_log(str(LOG_KEY.verifier))

        assert json.loads((book.folder / "logs.json").read_text("utf-8")) == {ORIGIN: [str(LOG_KEY.verifier)]}

    @pytest.mark.parametrize("name", ["../key", "..", "", ORIGIN_HASH.upper(), ORIGIN_HASH + "\n"])
    def test_nothing_but_states_is_read(self, book: WitnessBook, name: str) -> None:
        status(book, TRUE.request(0, 5))

        assert book.latest(name) is None
        assert book.latest(ORIGIN_HASH) is not None

    @pytest.mark.parametrize("step", ["fsync", "replace"])
    def test_no_cosignature_leaves_before_it_is_durable(
        self, book: WitnessBook, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(Path if step == "replace" else os, step, _broken)
            with pytest.raises(OSError, match="broken"):
                status(book, TRUE.request(0, 5))

        assert status(WitnessBook(book.folder), TRUE.request(0, 5)) == 200

    def test_the_folder_is_durable_before_a_cosignature_leaves(
        self, book: WitnessBook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[str] = []
        fsync, replace = os.fsync, Path.replace

        def noted_fsync(handle: int) -> None:
            done.append(_kind(handle))
            fsync(handle)

        def noted_replace(path: Path, to: Path) -> Path:
            done.append("replace")
            return replace(path, to)

        monkeypatch.setattr(os, "fsync", noted_fsync)
        monkeypatch.setattr(Path, "replace", noted_replace)

        status(book, TRUE.request(0, 5))

        assert done == ["file", "replace", "folder"]


def _kind(handle: int) -> str:
    return "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"


@pytest.fixture
def server(book: WitnessBook) -> Iterator[Serving]:
    with serving(book.folder) as served:
        yield served


class TestServer:
    def test_answers_as_the_protocol_says(self, server: Serving, book: WitnessBook) -> None:
        cosigned = server.ask(TRUE.request(0, 5))
        stale = server.ask(TRUE.request(0, 9))

        assert (cosigned.status_code, cosigned.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert open_note(TRUE.note(5) + cosigned.text, book.verifier()).text == TRUE.text(5)
        assert (stale.status_code, stale.headers["content-type"], stale.text) == (409, "text/x.tlog.size", "5\n")
        assert server.ask(FORKED.request(5, 5)).status_code == 422
        assert server.ask(b"old 0").status_code == 400

    def test_shows_what_it_cosigned_last_with_both_signatures(self, server: Serving, book: WitnessBook) -> None:
        assert server.client.get(f"/{ORIGIN_HASH}/checkpoint").status_code == 404

        server.ask(TRUE.request(0, 5))
        shown = server.client.get(f"/{ORIGIN_HASH}/checkpoint")

        assert (shown.headers["content-type"], shown.headers["cache-control"]) == (
            "text/plain; charset=utf-8",
            "no-cache",
        )
        assert len(open_note(shown.text, LOG_KEY.verifier, book.verifier()).signatures) == 2

    def test_tells_its_key_and_that_it_lives(self, server: Serving, book: WitnessBook) -> None:
        assert server.client.get("/key").text == f"{book.verifier()}\n"
        assert server.client.get("/livez").text == "ok\n"

    def test_takes_no_more_than_a_request_can_be(self, server: Serving) -> None:
        assert server.ask(b"x" * LONGEST_REQUEST).status_code == 400
        assert server.ask(b"x" * (LONGEST_REQUEST + 1)).status_code == 413

    def test_takes_only_posts(self, server: Serving) -> None:
        assert server.client.get("/add-checkpoint").status_code == 405

    def test_knows_a_log_added_while_it_runs(self, server: Serving, book: WitnessBook) -> None:
        other = History(key=STRANGER, origin=STRANGER.verifier.name)
        assert server.ask(other.request(0, 5)).status_code == 404

        book.add_log(str(STRANGER.verifier))

        assert server.ask(other.request(0, 5)).status_code == 200

    def test_many_at_once_get_one_history(self, server: Serving) -> None:
        bodies = [history.request(0, size) for history in (TRUE, FORKED) for size in range(5, 15)]

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(server.ask, bodies))

        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19


async def test_each_request_takes_the_time_when_its_turn_comes(book: WitnessBook) -> None:
    ticks = itertools.count(1000)
    read: list[int] = []

    def clock() -> int:
        read.append(next(ticks))
        return read[-1]

    transport = httpx.ASGITransport(witness_app(book, clock=clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://witness") as client:
        with (book.folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            body = TRUE.request(0, 0)
            asked = [asyncio.create_task(client.post("/add-checkpoint", content=body)) for _ in range(4)]
            for _ in range(1000):
                await asyncio.sleep(0)
            read_while_waiting = len(read)
        answers = await asyncio.gather(*asked)

    assert read_while_waiting == 1
    assert [answer.status_code for answer in answers] == [200] * 4


class Branch(History):
    """The entries of `trunk` up to `size`, others from there on."""

    def __init__(self, trunk: History, size: int) -> None:
        super().__init__(f"branch at {size}", fork=size)
        object.__setattr__(self, "trunk", trunk)

    trunk: History

    def leaf(self, index: int) -> bytes:
        return super().leaf(index) if index >= self.fork else self.trunk.leaf(index)


class TestTwoProcesses:
    def test_of_one_folder_never_cosign_two_histories(self, book: WitnessBook) -> None:
        with serving(book.folder) as first, serving(book.folder) as second, ThreadPoolExecutor(2) as threads:
            told: History = TRUE
            first.ask(TRUE.request(0, 4))
            for size in range(4, 24, 2):
                histories = (told, Branch(told, size))
                bodies = [history.request(size, size + 2) for history in histories]
                answers = list(threads.map(Serving.ask, (first, second), bodies))

                codes = [answer.status_code for answer in answers]
                assert sorted(codes) == [200, 409]
                told = histories[codes.index(200)]


class TestKilled:
    """`kill -9` at random moments, while the log tells both its histories."""

    @pytest.mark.parametrize("seed", [1, 2])
    def test_never_cosigns_two_roots_for_one_size_and_never_goes_back(self, book: WitnessBook, seed: int) -> None:
        chance = random.Random(seed)
        answered: list[str] = []
        for _ in range(6):
            liar = Liar(Serving(book.folder), chance, answered, enough=chance.randrange(5, 40))
            liar.start()
            assert liar.has_enough.wait(60)
            liar.served.kill()
            liar.join()
            liar.served.stop()

        seen = [parse_checkpoint(split_note(note)[0]) for note in answered]
        assert len(seen) >= 6 * 5
        assert [one.size for one in seen] == sorted(one.size for one in seen)
        assert len({(one.size, one.root) for one in seen}) == len({one.size for one in seen})
        for note in answered:
            open_note(note, book.verifier())
        kept = read_checkpoint(book.latest(ORIGIN_HASH) or "", book.verifier())
        assert kept.size >= seen[-1].size

    def test_what_was_answered_is_known_after_it(self, book: WitnessBook) -> None:
        for size in range(1, 6):
            served = Serving(book.folder)
            answer = served.ask(TRUE.request(size - 1, size))
            served.kill()
            served.stop()

            assert answer.status_code == 200
            assert answer.text in (book.latest(ORIGIN_HASH) or "")
            assert status(book, History("another", fork=0).request(size, size), now=1 << 40) == 422


class Liar(threading.Thread):
    """Tells both histories in turn, from whatever size the witness names, until nobody answers."""

    def __init__(self, served: Serving, chance: random.Random, answered: list[str], *, enough: int) -> None:
        super().__init__()
        self.served, self.chance, self.answered, self.enough = served, chance, answered, enough
        self.has_enough = threading.Event()

    def run(self) -> None:
        size = 0
        with suppress(httpx.HTTPError):
            while True:
                history = self.chance.choice([TRUE, FORKED])
                new = size + self.chance.randrange(4)
                answer = self.served.ask(history.request(size, new))
                if answer.status_code == 200:
                    self.answered.append(add_signatures(history.note(new), [answer.text]))
                    size, self.enough = new, self.enough - 1
                    if self.enough <= 0:
                        self.has_enough.set()
                elif answer.status_code == 409:
                    size = int(answer.text)


class TestCommandLine:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> list[str]:
        return ["--folder", str(tmp_path / "witness")]

    def test_makes_a_witness_and_knows_logs(self, folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["init", NAME, *folder]) == 0
        assert main(["key", *folder]) == 0
        assert main(["add-log", str(LOG_KEY.verifier), *folder]) == 0

        said = capsys.readouterr().out
        assert said.count(str(WitnessBook(Path(folder[1])).verifier())) == 2
        assert status(WitnessBook(Path(folder[1])), TRUE.request(0, 5)) == 200

    def test_shows_evidence_and_says_so_by_its_exit(
        self, book: WitnessBook, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = ["--folder", str(book.folder)]
        status(book, TRUE.request(0, 8))
        assert main(["evidence", *folder]) == 0

        status(book, FORKED.request(8, 8))

        assert main(["evidence", *folder]) == 1
        said = capsys.readouterr().out
        assert TRUE.note(8) in said
        assert FORKED.note(8) in said

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(["key"], id="a folder without witness"),
            pytest.param(["evidence"], id="evidence of no witness"),
            pytest.param(["serve", "--listen", "127.0.0.1:0"], id="no witness to serve"),
            pytest.param(["serve", "--listen", "8080"], id="no host to listen at"),
            pytest.param(["init", "a name"], id="a name with a space"),
            pytest.param(["add-log", "no key"], id="no key"),
            pytest.param(["cosign"], id="a word that is no command"),
            pytest.param([], id="no command"),
        ],
    )
    def test_says_what_it_cannot_do(
        self, folder: list[str], arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([*arguments, *folder]) == 2
        assert capsys.readouterr().err

    def test_an_address_in_use_is_said(self, book: WitnessBook, server: Serving) -> None:
        assert main(["serve", "--listen", server.url.removeprefix("http://"), "--folder", str(book.folder)]) == 2


def test_the_folder_is_as_described(book: WitnessBook) -> None:
    status(book, TRUE.request(0, 8))
    status(book, FORKED.request(8, 8))

    described = set(re.findall(r"^    (\w+)[\w./<>-]* ", witness.__doc__ or "", re.MULTILINE))
    assert {path.name.removesuffix(".json") for path in book.folder.iterdir()} == described | {"lock"}

"""The log's side: asking a witness, and what is made of its answer."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from audit.tests.histories import LOG_KEY, History
from audit.tests.witnesses import Serving, serving
from audit.tlog.cosigning import Cosigned, WitnessRefused, WitnessUnreachable, cosign
from audit.tlog.notes import BadNote, CosigningKey, add_signatures, encode
from audit.tlog.policy import Policy, Witness
from audit.tlog.witness import WitnessBook

TRUE = History()
FORKED = History("as it should have been", fork=4)
KEY = CosigningKey("witness.example/w1", bytes(32))
LINE = KEY.cosign(TRUE.text(12), time=1000)
STRANGER = CosigningKey("stranger.example/w", bytes(32))

Ask = Callable[[History, int, int], Cosigned]


def paths_of(history: History, size: int) -> Callable[[int], list[bytes]]:
    return lambda old: history.path(old, size)


class TestWithAWitness:
    @pytest.fixture
    def book(self, tmp_path: Path) -> WitnessBook:
        made = WitnessBook(tmp_path)
        made.init("witness.example/w1")
        made.add_log(str(LOG_KEY.verifier))
        return made

    @pytest.fixture
    def server(self, book: WitnessBook) -> Iterator[Serving]:
        with serving(book.folder) as served:
            yield served

    @pytest.fixture
    def ask(self, book: WitnessBook, server: Serving) -> Ask:
        witness = Witness("w1", book.verifier(), f"{server.url}/")
        return lambda history, old, size: cosign(
            history.note(size), witness=witness, prove=paths_of(history, size), old_size=old, timeout_s=30
        )

    def test_a_growing_log_satisfies_its_policy_at_each_step(self, ask: Ask, book: WitnessBook) -> None:
        policy = Policy.read(f"log {LOG_KEY.verifier}\nwitness w1 {book.verifier()}\nquorum w1\n")
        size = 0
        for new in (5, 5, 12, 40):
            cosigned = ask(TRUE, size, new)
            size = cosigned.size

            assert size == new
            assert policy.read_checkpoint(add_signatures(TRUE.note(new), cosigned.lines)).size == new

    @pytest.mark.parametrize("forgotten", [0, 3, 9])
    def test_a_log_that_forgot_what_was_cosigned_is_told_and_goes_on(self, ask: Ask, forgotten: int) -> None:
        ask(TRUE, 0, 5)

        assert ask(TRUE, forgotten, 12).size == 12

    def test_another_history_is_refused(self, ask: Ask) -> None:
        ask(TRUE, 0, 8)

        for size in (8, 12):
            with pytest.raises(WitnessRefused) as found:
                ask(FORKED, 0, size)
            assert found.value.status == 422

    def test_a_log_that_went_back_learns_what_was_cosigned(self, ask: Ask) -> None:
        ask(TRUE, 0, 8)

        with pytest.raises(WitnessRefused, match="has cosigned 8 entries, and here are 6") as found:
            ask(TRUE, 6, 6)

        assert (found.value.status, found.value.size) == (409, 8)

    def test_a_log_that_it_does_not_know_is_refused(self, ask: Ask) -> None:
        with pytest.raises(WitnessRefused) as found:
            ask(History(origin="other.example"), 0, 8)

        assert (found.value.status, found.value.reason) == (404, "a log that this witness does not know")

    def test_a_witness_that_is_gone_is_unreachable(self, ask: Ask, server: Serving) -> None:
        server.kill()

        with pytest.raises(WitnessUnreachable, match="w1: "):
            ask(TRUE, 0, 5)


class Scripted(HTTPServer):
    """Gives one prepared answer after the other: status, content type, body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Scripted)
        self.answers: list[tuple[int, str, str]] = []
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Scripted(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.asked.append(f"{self.path} {self.rfile.read(length).decode()}")
        status, kind, body = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def script() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def asked(script: Scripted, *answers: tuple[int, str, str], old: int = 5) -> Cosigned:
    script.answers = list(answers)
    witness = Witness("w1", KEY.verifier, f"{script.url}/prefix/")
    return cosign(TRUE.note(12), witness=witness, prove=paths_of(TRUE, 12), old_size=old, timeout_s=30)


def _never(old: int) -> list[bytes]:
    raise AssertionError(f"asked to prove what follows {old}")


class TestAnswers:
    def test_the_request_is_as_the_protocol_says(self, script: Scripted) -> None:
        asked(script, (200, "text/plain", LINE))

        path = "".join(f"{encode(one)}\n" for one in TRUE.path(5, 12))
        assert script.asked == [f"/prefix/add-checkpoint old 5\n{path}\n{TRUE.note(12)}"]

    @pytest.mark.parametrize("old", [0, 12])
    def test_nothing_is_proved_from_nothing_or_from_the_same(self, script: Scripted, old: int) -> None:
        script.answers = [(200, "text/plain", LINE)]

        cosign(TRUE.note(12), witness=Witness("w1", KEY.verifier, script.url + "/prefix"), prove=_never, old_size=old)

        assert script.asked == [f"/prefix/add-checkpoint old {old}\n\n{TRUE.note(12)}"]

    def test_only_the_lines_of_the_witness_are_handed_on(self, script: Scripted) -> None:
        other = STRANGER.cosign(TRUE.text(12), time=1000)
        later = KEY.cosign(TRUE.text(12), time=1001)

        cosigned = asked(script, (200, "text/plain", other + LINE + later))

        assert cosigned == Cosigned((LINE, later), 12)

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("", id="nothing"),
            pytest.param("cosigned\n", id="words"),
            pytest.param(LINE[:-1], id="a line without end"),
            pytest.param(STRANGER.cosign(TRUE.text(12), time=1000), id="somebody else's line"),
            pytest.param(KEY.cosign(FORKED.text(12), time=1000), id="a line over another root"),
            pytest.param(LINE.replace("w1 ", "w2 "), id="a line in another name"),
            pytest.param(LINE + LINE.replace(LINE[-9:], "AAAAAAA=\n"), id="a bad line beside the good one"),
            pytest.param(
                f"more\n\n{KEY.cosign(f'{TRUE.text(12)}{chr(10)}more{chr(10)}', time=1000)}", id="more text, cosigned"
            ),
        ],
    )
    def test_what_the_witness_has_not_cosigned_is_not_handed_on(self, script: Scripted, body: str) -> None:
        with pytest.raises(WitnessRefused, match="no cosignature of w1") as found:
            asked(script, (200, "text/plain", body))

        assert found.value.status == 200

    @pytest.mark.parametrize("status", [301, 307, 400, 403, 404, 422])
    def test_a_refusal_is_told_with_its_reason(self, script: Scripted, status: int) -> None:
        with pytest.raises(WitnessRefused) as found:
            asked(script, (status, "text/plain", "because\x1b[2J\nof this\n"))

        assert (found.value.status, found.value.reason) == (status, "because [2J of this")
        assert len(script.asked) == 1

    @pytest.mark.parametrize("status", [429, 500, 502, 503])
    def test_a_witness_in_trouble_is_one_to_ask_again(self, script: Scripted, status: int) -> None:
        with pytest.raises(WitnessUnreachable, match=str(status)):
            asked(script, (status, "text/plain", "later\n"))

    def test_the_told_size_is_tried_once(self, script: Scripted) -> None:
        told = (409, "text/x.tlog.size", "7\n")

        with pytest.raises(WitnessRefused) as found:
            asked(script, told, (409, "text/x.tlog.size", "8\n"))

        assert (found.value.status, found.value.size) == (409, 8)
        assert [request.split("\n")[0] for request in script.asked] == [
            "/prefix/add-checkpoint old 5",
            "/prefix/add-checkpoint old 7",
        ]

    def test_the_size_that_was_sent_is_not_tried_again(self, script: Scripted) -> None:
        with pytest.raises(WitnessRefused):
            asked(script, (409, "text/x.tlog.size", "5\n"))

        assert len(script.asked) == 1

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            pytest.param("text/plain", "7\n", id="another kind of content"),
            pytest.param("text/x.tlog.size", "seven\n", id="no number"),
            pytest.param("text/x.tlog.size", "07\n", id="a leading zero"),
            pytest.param("text/x.tlog.size", "", id="nothing"),
        ],
    )
    def test_a_conflict_without_size_is_a_refusal(self, script: Scripted, kind: str, body: str) -> None:
        with pytest.raises(WitnessRefused) as found:
            asked(script, (409, kind, body))

        assert (found.value.status, found.value.size) == (409, None)

    def test_an_answer_without_end_is_given_up(self, script: Scripted) -> None:
        with pytest.raises(WitnessUnreachable, match="does not end"):
            asked(script, (200, "text/plain", "x" * 200_000))

    def test_a_witness_that_does_not_answer_is_unreachable(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            witness = Witness("w1", KEY.verifier, f"http://127.0.0.1:{silent.getsockname()[1]}")

            with pytest.raises(WitnessUnreachable, match="w1: "):
                cosign(TRUE.note(12), witness=witness, prove=paths_of(TRUE, 12), old_size=0, timeout_s=0.05)

    @pytest.mark.parametrize("url", [None, "http://", "ftp://127.0.0.1", "http://127.0.0.1:port", "no url"])
    def test_a_witness_without_an_address_is_unreachable(self, url: str | None) -> None:
        witness = Witness("w1", KEY.verifier, url)

        with pytest.raises(WitnessUnreachable, match="w1: "):
            cosign(TRUE.note(12), witness=witness, prove=paths_of(TRUE, 12), old_size=0)

    @pytest.mark.parametrize("note", ["", TRUE.text(12), TRUE.note(12).replace("12", "012")])
    def test_what_is_no_checkpoint_is_not_sent(self, script: Scripted, note: str) -> None:
        with pytest.raises(BadNote):
            cosign(note, witness=Witness("w1", KEY.verifier, script.url), prove=paths_of(TRUE, 12), old_size=0)

        assert script.asked == []

"""Tools that we did not write accept our logs, and notice each kind of damage that they can see."""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.tlog.folder import LogFolder
from audit.tlog.notes import VerifierKey, read_checkpoint
from audit.tlog.reading import LogReader
from audit.tlog.sources import open_source
from tests.verifiers import logs
from tests.verifiers.logs import GrownLog

pytest.importorskip("go", reason="uv run --group verify")
pytest.importorskip("tlog_scales", reason="uv run --group verify")

from tests.verifiers.programs import program
from tests.verifiers.tools import Caught, look, tessera_fsck, tlog_scales, x_mod

KEY = str(logs.KEY.verifier)
ENTRIES = [logs.entry(index) for index in range(600)]


@pytest.fixture
def log(tmp_path: Path) -> GrownLog:
    return logs.grow(tmp_path, ENTRIES)


@pytest.fixture
def url(log: GrownLog) -> Iterator[str]:
    with logs.serve(log.folder) as url:
        yield url


class TestOurLogs:
    @pytest.mark.parametrize("size", [0, 1, 5, 255, 256, 257, 300])
    def test_are_accepted_by_all_three(self, tmp_path, size):
        log = logs.grow(tmp_path, ENTRIES[:size])
        with logs.serve(log.folder) as url:
            findings = look(url, key=KEY, earlier=log.earlier)

        assert [finding for finding in findings if not finding.ok] == []
        assert findings[0].words.endswith(f"{size} entries, {len(log.earlier)} earlier checkpoints")

    def test_are_accepted_while_they_grow(self, tmp_path):
        LogFolder(tmp_path / "log").publish(logs.signed(0))
        with logs.serve(tmp_path / "log") as url, ThreadPoolExecutor() as threads:
            growing = threads.submit(logs.grow, tmp_path, ENTRIES * 10)
            while not growing.done():
                x_mod(url, key=KEY)
                tessera_fsck(url, key=KEY)

        assert growing.result().size == 6_000

    def test_are_accepted_without_the_partial_tiles_that_full_ones_replace(self, log, url):
        assert LogFolder(log.folder).forget_partials(log.size) > 0
        assert [finding for finding in look(url, key=KEY, earlier=log.earlier) if not finding.ok] == []


class TestALogOfTessera:
    """So that it is not only our own two ends that fit together."""

    @pytest.fixture
    def written(self, tmp_path):
        """Its figures, by a writer of its own; the log lies in the folder."""
        command = [program("tessera-posix"), "-folder", tmp_path, "-entries", "300", "-writers", "256"]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    def test_is_accepted_by_the_tools(self, tmp_path, written):
        assert "300 entries" in x_mod(tmp_path.as_uri(), key=written["key"])
        assert "2 bundles" in tessera_fsck(tmp_path.as_uri(), key=written["key"])

    def test_is_read_by_ours(self, tmp_path, written):
        source = open_source(tmp_path.as_uri())
        note = (source.read("checkpoint") or b"").decode()
        checkpoint = read_checkpoint(note, VerifierKey.read(written["key"]))
        reader = LogReader(source, checkpoint.size)

        assert (checkpoint.size, reader.root()) == (300, checkpoint.root)
        assert sorted(json.loads(entry)["i"] for entry in reader.entries(0, 300)) == list(range(300))


class TestDamage:
    def test_one_byte_of_a_bundle_is_caught_by_all_three(self, log, url):
        change(log.folder / "tile/entries/001", lambda content: content.replace(b'"i": 300,', b'"i": 301,'))

        with pytest.raises(Caught, match="entry 300 is not in the tree"):
            x_mod(url, key=KEY)
        with pytest.raises(Caught, match=r"tile/(0/001|1/000)"):  # whichever of its workers comes first
            tessera_fsck(url, key=KEY)
        with pytest.raises(Caught, match="InclusionProofInvalid"):
            tlog_scales(url, key=KEY)

    @pytest.mark.parametrize("path", ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"])
    def test_one_byte_of_a_tile_is_caught(self, log, url, path):
        change(log.folder / path, lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:])

        with pytest.raises(Caught, match="inconsistent tile"):
            x_mod(url, key=KEY)
        with pytest.raises(Caught, match=path):
            tessera_fsck(url, key=KEY)

    @pytest.mark.parametrize("path", ["tile/entries/001", "tile/0/000"])
    def test_a_file_that_is_withheld_is_caught(self, log, url, path):
        (log.folder / path).unlink()

        with pytest.raises(Caught, match=path):
            x_mod(url, key=KEY)
        with pytest.raises(Caught):
            tessera_fsck(url, key=KEY)

    def test_a_partial_tile_of_an_earlier_checkpoint_that_is_withheld_is_caught(self, log, url):
        (log.folder / "tile/1/000.p/1").unlink()

        x_mod(url, key=KEY)
        with pytest.raises(Caught, match=r"tile/1/000\.p/1"):
            x_mod(url, key=KEY, earlier=log.earlier)

    def test_more_wrong_tiles_than_fsck_has_workers_are_caught(self, tmp_path):
        log = logs.grow(tmp_path, ENTRIES * 5)
        for path in (log.folder / "tile/0").glob("[0-9][0-9][0-9]"):
            change(path, lambda content: bytes(len(content)))

        with pytest.raises(Caught, match="tiles at level 0"):
            tessera_fsck(log.folder.as_uri(), key=KEY)

    def test_a_checkpoint_of_another_key_is_caught_by_all_three(self, log, url):
        stranger = str(VerifierKey(logs.KEY.verifier.name, bytes(31) + b"\x01"))

        for tool in (x_mod, tessera_fsck, tlog_scales):
            with pytest.raises(Caught):
                tool(url, key=stranger)


class TestAKeeperWhoRewritesAndSignsAgain:
    """He has the key and all files. What was saved elsewhere beforehand is all that speaks against him."""

    @contextmanager
    def rewritten(self, place: Path, entries: Sequence[bytes]) -> Iterator[str]:
        place.mkdir()
        with logs.serve(logs.grow(place, entries).folder) as url:
            yield url

    def test_an_edited_entry_is_seen_only_beside_an_earlier_checkpoint(self, tmp_path, log):
        edited = [b'{"i": 2, "act": "dismiss"}' if index == 2 else entry for index, entry in enumerate(ENTRIES)]
        with self.rewritten(tmp_path / "again", edited) as url:
            assert tessera_fsck(url, key=KEY)
            assert x_mod(url, key=KEY)
            with pytest.raises(Caught, match="does not begin with its checkpoint of 5 entries"):
                x_mod(url, key=KEY, earlier=log.earlier)
            with pytest.raises(Caught, match="ConsistencyProofInvalid"):
                tlog_scales(url, key=KEY, earlier=log.earlier)

    def test_a_shorter_log_is_seen_only_beside_an_earlier_checkpoint(self, tmp_path, log):
        with self.rewritten(tmp_path / "again", ENTRIES[:256]) as url:
            assert tessera_fsck(url, key=KEY)
            assert x_mod(url, key=KEY)
            with pytest.raises(Caught, match="the log shrank from 257 entries to 256"):
                x_mod(url, key=KEY, earlier=log.earlier)

    def test_what_came_after_the_last_saved_checkpoint_nobody_sees(self, tmp_path, log):
        rewritten = [*ENTRIES[:300], *reversed(ENTRIES[300:])]
        with self.rewritten(tmp_path / "again", rewritten) as url:
            assert [one for one in look(url, key=KEY, earlier=log.earlier) if not one.ok] == []


def change(path: Path, how: Callable[[bytes], bytes]) -> None:
    before = path.read_bytes()
    path.write_bytes(how(before))
    assert path.read_bytes() != before

"""The writer of a log: the same bytes however it is cut, killed and done again, and never others in their place."""

import base64
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from threading import Lock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.tlog import tree
from audit.tlog.folder import AlreadyWritten, Diverged, LogFolder, PathConflict
from audit.tlog.reading import LogReader, TileMissing
from audit.tlog.sources import FolderSource
from audit.tlog.tiles import ENTRIES, Tile, pack, path_of, tile_of, tiles_at

NOTHING = (0, tree.EMPTY_ROOT)


@lru_cache
def entries_of(size: int) -> list[bytes]:
    return [b'{"i":%d,"act":"hire"}' % number for number in range(size)]


@lru_cache
def state_of(size: int) -> tuple[int, bytes]:
    return size, tree.derive_root(entries_of(size))


@lru_cache
def content_of(tile: Tile) -> bytes:
    """By definition: each hash from all the leaves below it."""
    below = 256 ** max(tile.level, 0)
    first, end = tile.index * 256 * below, (tile.index * 256 + tile.width) * below
    entries = entries_of(end)[first:]
    if tile.level == ENTRIES:
        return b"".join(len(one).to_bytes(2, "big") + one for one in entries)
    return b"".join(tree.derive_root(entries[at : at + below]) for at in range(0, len(entries), below))


def served(size: int) -> dict[str, bytes]:
    return {path_of(tile): content_of(tile) for tile in tiles_at(size)}


def files_in(folder: Path) -> dict[str, bytes]:
    """What readers see."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(".")}


def served_at_each(sizes: list[int]) -> dict[str, bytes]:
    return {path: content for size in sizes for path, content in served(size).items()}


def append_in_batches(folder: Path, cuts: list[int], *, after: int = 0) -> None:
    log, state = LogFolder(folder), state_of(after)
    for cut in cuts:
        state = log.append(entries_of(cut)[state[0] :], after=state)
        assert state == state_of(cut)


class TestAppend:
    def test_writes_the_published_log(self, tmp_path):
        log = LogFolder(tmp_path / "log")

        size, root = log.append(entries_of(70_000), after=NOTHING)
        log.publish("any note\n")

        assert (size, base64.b64encode(root)) == (70_000, b"zVj8ahXgkQUoFKVdA1f0iyJ4mCEQVU2dj2beCNu97aY=")
        assert len(files_in(tmp_path / "log")) == 552
        assert files_in(tmp_path / "log") == served(70_000) | {"checkpoint": b"any note\n"}

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.integers(0, 1400), min_size=1, max_size=6).map(sorted))
    def test_gives_the_same_bytes_however_it_is_cut(self, cuts):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            append_in_batches(folder, cuts)

            assert files_in(folder) == served_at_each(cuts)
            assert LogReader(FolderSource(folder), cuts[-1]).root() == state_of(cuts[-1])[1]

    def test_done_again_changes_nothing(self, tmp_path):
        append_in_batches(tmp_path, [300, 800])
        before = files_in(tmp_path)

        append_in_batches(tmp_path, [800], after=300)
        append_in_batches(tmp_path, [300, 800])

        assert files_in(tmp_path) == before

    def test_of_nothing_only_looks_whether_the_log_is_the_one(self, tmp_path):
        append_in_batches(tmp_path, [300])

        assert LogFolder(tmp_path).append([], after=state_of(300)) == state_of(300)
        assert files_in(tmp_path) == served(300)
        assert LogFolder(tmp_path / "other").append([], after=NOTHING) == NOTHING

    @pytest.mark.parametrize("wrong", [b"", b"e" * 65_536])
    def test_writes_nothing_when_an_entry_cannot_be_one(self, tmp_path, wrong):
        append_in_batches(tmp_path, [300])

        with pytest.raises(ValueError, match="1 to 65535 bytes"):
            LogFolder(tmp_path).append([*entries_of(400)[300:], wrong], after=state_of(300))

        assert files_in(tmp_path) == served(300)

    def test_takes_the_longest_entry(self, tmp_path):
        state = LogFolder(tmp_path).append([b"e" * 65_535], after=NOTHING)

        assert LogReader(FolderSource(tmp_path), state[0]).entry(0) == b"e" * 65_535

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            pytest.param("tile/0/001.p/44", None, id="a tile of the right edge is gone"),
            pytest.param("tile/0/001.p/44", b"\x00" * 44 * 32, id="a tile of the right edge holds other hashes"),
            pytest.param("tile/1/000.p/1", b"\x00" * 32, id="a tile further up holds another hash"),
            pytest.param("tile/1/000.p/1", b"\x00" * 31, id="a tile is cut short"),
            pytest.param("tile/entries/001.p/44", None, id="the last bundle is gone"),
            pytest.param("tile/entries/001.p/44", pack([b"forged"] * 44), id="the last bundle holds other entries"),
        ],
    )
    def test_refuses_to_continue_a_log_that_is_not_the_trusted_one(self, tmp_path, path, content):
        append_in_batches(tmp_path, [300])
        (tmp_path / path).unlink()
        if content is not None:
            (tmp_path / path).write_bytes(content)
        before = files_in(tmp_path)

        with pytest.raises(Diverged):
            LogFolder(tmp_path).append(entries_of(400)[300:], after=state_of(300))

        assert files_in(tmp_path) == before

    @pytest.mark.parametrize(
        "after",
        [
            pytest.param((300, state_of(299)[1]), id="another root"),
            pytest.param((299, state_of(299)[1]), id="a size whose tiles were never written"),
            pytest.param((0, state_of(300)[1]), id="a root of nothing"),
            pytest.param((70_000, state_of(300)[1]), id="a larger log"),
        ],
    )
    def test_refuses_to_continue_from_what_the_folder_does_not_hold(self, tmp_path, after):
        append_in_batches(tmp_path, [300])

        with pytest.raises(Diverged):
            LogFolder(tmp_path).append([b"one more"], after=after)

    @pytest.mark.parametrize(
        ("entries", "path"),
        [
            pytest.param([b"other"] * 500, "tile/entries/001", id="a full bundle"),
            pytest.param([*entries_of(780)[300:], *[b"other"] * 20], "tile/entries/003.p/32", id="only the last ones"),
            pytest.param([*entries_of(780)[300:], *[b"other"] * 9], "tile/entries/003.p/32", id="and fewer of them"),
            pytest.param([*entries_of(780)[300:], *[b"other"] * 99], "tile/entries/003.p/32", id="and more of them"),
        ],
    )
    def test_never_puts_other_bytes_where_some_lie(self, tmp_path, entries, path):
        append_in_batches(tmp_path, [300, 800])
        before = files_in(tmp_path)

        with pytest.raises(PathConflict) as conflict:
            LogFolder(tmp_path).append(entries, after=state_of(300))

        assert conflict.value.path == path
        assert files_in(tmp_path) == before

    def test_a_file_that_another_writer_was_first_to_link_is_not_replaced(self, tmp_path, monkeypatch):
        link = os.link

        def be_second(written: Path, place: Path) -> None:
            place.write_bytes(b"theirs")
            link(written, place)

        monkeypatch.setattr(os, "link", be_second)
        with pytest.raises(PathConflict):
            LogFolder(tmp_path).append([b"ours"], after=NOTHING)

        assert files_in(tmp_path) == {"tile/entries/000.p/1": b"theirs"}

    def test_one_writer_keeps_the_others_out_until_it_is_done(self, tmp_path):
        with LogFolder(tmp_path / "log").alone(), pytest.raises(AlreadyWritten), LogFolder(tmp_path / "log").alone():
            pass
        with LogFolder(tmp_path / "log").alone():
            pass


class Killed(BaseException):
    pass


class Disk:
    """The disk under a process that may be killed: after `last` changes it is dead and does nothing more.

    Nothing is really made durable; `undurable` are the names that a loss of power could take away.
    """

    def __init__(self) -> None:
        self.done = 0
        self.last: int | None = None
        self.undurable: set[Path] = set()
        self._synced: set[int] = set()
        self._alone = Lock()
        self._link, self._mkdir, self._unlink, self._replace = os.link, os.mkdir, os.unlink, os.replace

    def steps_of(self, act: Callable[[], object]) -> int:
        before = self.done
        act()
        return self.done - before

    def kill_after(self, steps: int, act: Callable[[], object]) -> None:
        self.last = self.done + steps
        with pytest.raises(Killed):
            act()
        self.last = None

    def lacks(self, folder: Path, size: int) -> list[str]:
        """The files of a log of `size` that a loss of power could take away."""
        paths = [path_of(tile) for tile in tiles_at(size)]
        return [path for path in paths if self.undurable & {folder / path, *(folder / path).parents}]

    def link(self, source: Path, place: Path) -> None:
        self._step()
        assert source.stat().st_ino in self._synced
        self._link(source, place)
        self.undurable.add(place)

    def mkdir(self, folder: Path, mode: int = 0o777) -> None:
        self._step()
        self._mkdir(folder, mode)
        self.undurable.add(Path(folder))

    def unlink(self, place: Path) -> None:
        self._step()
        self._synced.discard(Path(place).stat().st_ino)
        self._unlink(place)

    def replace(self, source: Path, place: Path) -> None:
        self._step()
        assert Path(source).stat().st_ino in self._synced
        self._replace(source, place)
        self.undurable.add(Path(place))

    def fsync(self, handle: int) -> None:
        self._step()
        place = Path(f"/proc/self/fd/{handle}").readlink()
        with self._alone:
            self._synced.add(place.stat().st_ino)
            self.undurable -= {name for name in self.undurable if name.parent == place}

    def _step(self) -> None:
        with self._alone:
            if self.last is not None and self.done >= self.last:
                raise Killed
            self.done += 1


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    for name in ("link", "mkdir", "unlink", "replace", "fsync"):
        monkeypatch.setattr(os, name, getattr(disk, name))
    return disk


class TestCrash:
    def test_at_any_step_of_an_append_leaves_what_any_cut_completes(self, tmp_path, disk):
        append_in_batches(tmp_path / "whole", [200])
        append = partial(LogFolder.append, entries=entries_of(1100)[200:], after=state_of(200))
        steps = disk.steps_of(lambda: append(LogFolder(tmp_path / "whole")))
        assert steps > 40
        cuts = ([1100], [256, 1100], [211, 700, 1100], [1300])
        for number, (step, cut) in enumerate(product(range(steps), cuts)):
            folder = tmp_path / str(number)
            append_in_batches(folder, [200])
            disk.kill_after(step, lambda folder=folder: append(LogFolder(folder)))

            append_in_batches(folder, cut, after=200)

            found = files_in(folder)
            assert all(served(size).items() <= found.items() for size in [200, *cut])
            assert all(content == content_of(tile_of(path)) for path, content in found.items())
            assert disk.lacks(folder, cut[-1]) == []
            assert list((folder / ".unfinished").iterdir()) == []

    def test_is_got_over_by_the_same_writer_too(self, tmp_path, disk):
        steps = disk.steps_of(lambda: append_in_batches(tmp_path / "whole", [300]))
        for step in range(steps):
            folder = tmp_path / str(step)
            log = LogFolder(folder)
            disk.kill_after(step, lambda log=log: log.append(entries_of(300), after=NOTHING))

            assert log.append(entries_of(300), after=NOTHING) == state_of(300)

            assert files_in(folder) == served(300)
            assert disk.lacks(folder, 300) == []

    def test_finds_every_tile_after_the_entries_below_it(self, tmp_path, disk, monkeypatch):
        folder = tmp_path / "log"
        link = disk.link

        def link_after_bundles(source: Path, place: Path) -> None:
            bundles = [name for name in disk.undurable if "entries" in name.parts]
            assert "entries" in place.parts or bundles == []
            link(source, place)

        monkeypatch.setattr(os, "link", link_after_bundles)
        append_in_batches(folder, [200, 1100])

        assert files_in(folder) == served_at_each([200, 1100])

    def test_leaves_half_written_files_that_the_next_append_sweeps(self, tmp_path):
        append_in_batches(tmp_path, [300])
        (tmp_path / ".unfinished" / "0").write_bytes(b"torn")
        os.link(tmp_path / "tile/0/000", tmp_path / ".unfinished" / "1")

        append_in_batches(tmp_path, [700], after=300)

        assert files_in(tmp_path) == served(300) | served(700)
        assert list((tmp_path / ".unfinished").iterdir()) == []

    def test_leaves_the_old_checkpoint_or_the_new_one(self, tmp_path, disk):
        log = LogFolder(tmp_path)
        log.publish("old\n")
        steps = disk.steps_of(lambda: log.publish("old\n"))
        seen = set()
        for step in range(steps):
            log.publish("old\n")
            disk.kill_after(step, lambda: log.publish("new\n"))
            seen.add(LogFolder(tmp_path).checkpoint())

        assert seen == {"old\n", "new\n"}


class TestCheckpoint:
    def test_is_what_was_published_last_word_for_word(self, tmp_path, disk):
        log = LogFolder(tmp_path / "log")
        assert log.checkpoint() is None

        log.publish("first\n")
        log.publish("second\n\n— somebody AAAA\n")

        assert LogFolder(tmp_path / "log").checkpoint() == "second\n\n— somebody AAAA\n"
        assert files_in(tmp_path / "log") == {"checkpoint": "second\n\n— somebody AAAA\n".encode()}
        assert disk.undurable == set()


class TestForgetPartials:
    def test_keeps_those_of_the_newest_full_tile_and_of_the_one_being_filled(self, tmp_path):
        sizes = [200, 300, 500, 600, 1000]
        append_in_batches(tmp_path, sizes)

        removed = LogFolder(tmp_path).forget_partials(1000)

        gone = [f"tile/{level}/{rest}" for level in ("entries", "0") for rest in ("000.p/200", "001.p/44", "001.p/244")]
        assert removed == len(gone)
        assert files_in(tmp_path).items() == {
            (path, content) for path, content in served_at_each(sizes).items() if path not in gone
        }
        assert not (tmp_path / "tile/0/000.p").exists()

    def test_leaves_the_log_readable_at_every_size_and_able_to_grow(self, tmp_path):
        sizes = [200, 300, 500, 600, 1000]
        append_in_batches(tmp_path, sizes)
        log = LogFolder(tmp_path)
        log.forget_partials(1000)

        for size in sizes:
            reader = LogReader(FolderSource(tmp_path), size)
            assert reader.root() == state_of(size)[1]
            assert list(reader.entries(0, size)) == entries_of(size)
        assert log.append(entries_of(1100)[1000:], after=state_of(1000)) == state_of(1100)

    def test_goes_on_where_it_stopped(self, tmp_path):
        log = LogFolder(tmp_path)
        append_in_batches(tmp_path, [200, 300, 600])

        assert [log.forget_partials(600), log.forget_partials(600)] == [2, 0]
        append_in_batches(tmp_path, [1000], after=600)
        assert [log.forget_partials(1000), LogFolder(tmp_path).forget_partials(1000)] == [2, 0]

    def test_removes_none_whose_full_tile_is_gone(self, tmp_path):
        append_in_batches(tmp_path, [200, 1000])
        (tmp_path / "tile/entries/000").unlink()

        with pytest.raises(TileMissing):
            LogFolder(tmp_path).forget_partials(1000)

        assert (tmp_path / "tile/entries/000.p/200").exists()

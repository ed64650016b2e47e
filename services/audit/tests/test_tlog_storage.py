"""A log as files: their names and bytes, and where they can be read from."""

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog import sources
from audit.tlog.sources import FolderSource, LogUnreachable, UrlSource, open_source
from audit.tlog.tiles import ENTRIES, LONGEST_FILE, Tile, pack, path_of, tile_of, tiles_at, tiles_between, unpack


class TestTiles:
    @pytest.mark.parametrize(
        ("tile", "path"),
        [
            (Tile(0, 0), "tile/0/000"),
            (Tile(0, 273), "tile/0/273"),
            (Tile(0, 273, 112), "tile/0/273.p/112"),
            (Tile(0, 1234, 17), "tile/0/x001/234.p/17"),
            (Tile(2, 1_234_067), "tile/2/x001/x234/067"),
            (Tile(63, 1_000_000), "tile/63/x001/x000/000"),
            (Tile(ENTRIES, 0), "tile/entries/000"),
            (Tile(ENTRIES, 1000, 255), "tile/entries/x001/000.p/255"),
        ],
    )
    def test_lie_where_the_specification_says(self, tile, path):
        assert path_of(tile) == path
        assert tile_of(path) == tile

    @given(st.builds(Tile, st.integers(-1, 63), st.integers(0, 2**56), st.integers(1, 256)))
    def test_are_told_from_their_path(self, tile):
        assert tile_of(path_of(tile)) == tile

    @pytest.mark.parametrize(
        "path",
        [
            pytest.param("tile/0/000.p/0", id="no width"),
            pytest.param("tile/0/000.p/256", id="a full tile as a partial one"),
            pytest.param("tile/0/000.p/017", id="a width with a leading zero"),
            pytest.param("tile/0/000.p", id="the folder of the partial ones"),
            pytest.param("tile/00/000", id="a level with a leading zero"),
            pytest.param("tile/64/000", id="a level too high"),
            pytest.param("tile/-1/000", id="a negative level"),
            pytest.param("tile/data/000", id="another word for entries"),
            pytest.param("tile/0/x000/001", id="a leading group of zeros"),
            pytest.param("tile/0/001/234", id="a group without its x"),
            pytest.param("tile/0/1234", id="four digits"),
            pytest.param("tile/0/01", id="two digits"),
            pytest.param("tile/0/٠٠١", id="digits that are not ASCII"),
            pytest.param("tile/0/000\n", id="a newline after it"),
            pytest.param("/tile/0/000", id="an absolute path"),
            pytest.param("tile/0/../0/000", id="a way round"),
            pytest.param("checkpoint", id="the checkpoint"),
        ],
    )
    def test_no_other_path_is_that_of_a_tile(self, path):
        with pytest.raises(ValueError, match="not the path of a tile"):
            tile_of(path)

    def test_of_the_published_size_are_the_published_ones(self):
        paths = list(map(path_of, tiles_at(70_000)))

        assert len(paths) == 552 - 1
        assert paths[272:275] == ["tile/entries/272", "tile/entries/273.p/112", "tile/0/000"]
        assert paths[546:] == ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
        assert list(map(path_of, tiles_at(256))) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
        assert list(tiles_at(0)) == []

    @given(st.lists(st.integers(0, 200_000), min_size=2, max_size=2).map(sorted))
    def test_between_two_sizes_are_those_of_the_later_that_the_earlier_lacks(self, sizes):
        old, new = sizes

        between = list(tiles_between(old, new))

        earlier = set(tiles_at(old))
        assert between == [tile for tile in tiles_at(new) if tile not in earlier]

    def test_a_bundle_gives_each_length_in_two_bytes_big_endian(self):
        assert pack([b"ab", b"c" * 258]) == b"\x00\x02ab" + b"\x01\x02" + b"c" * 258
        assert unpack(b"\x00\x02ab" + b"\x01\x02" + b"c" * 258) == [b"ab", b"c" * 258]
        assert unpack(pack([b"e" * 65_535])) == [b"e" * 65_535]

    @pytest.mark.parametrize("entry", [b"", b"e" * 65_536])
    def test_a_bundle_takes_no_entry_that_is_empty_or_too_long(self, entry):
        with pytest.raises(ValueError, match="1 to 65535 bytes"):
            pack([entry])

    @pytest.mark.parametrize("bundle", [b"\x00", b"\x00\x02a", b"\x00\x01ab", b"\x00\x01a" * 257])
    def test_bytes_that_are_no_bundle_are_refused(self, bundle):
        with pytest.raises(ValueError, match="not a bundle"):
            unpack(bundle)


class TestFolderSource:
    def test_reads_what_lies_there(self, tmp_path):
        (tmp_path / "tile").mkdir()
        (tmp_path / "tile" / "one").write_bytes(b"content")

        source = FolderSource(tmp_path)

        assert source.read("tile/one") == b"content"
        assert source.read("tile/two") is None
        assert source.read("tile/one/000") is None
        assert source.read("tile") is None

    def test_a_folder_that_is_not_there_is_no_empty_log(self, tmp_path):
        with pytest.raises(LogUnreachable, match="no folder"):
            FolderSource(tmp_path / "nowhere").read("checkpoint")

    def test_reads_no_file_longer_than_any_of_a_log(self, tmp_path):
        with (tmp_path / "long").open("wb") as file:
            file.truncate(LONGEST_FILE + 1)
        with (tmp_path / "longest").open("wb") as file:
            file.truncate(LONGEST_FILE)

        source = FolderSource(tmp_path)

        assert len(source.read("longest") or b"") == LONGEST_FILE
        with pytest.raises(LogUnreachable, match="longer than any"):
            source.read("long")


class Served(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = {
            "/log1/tile": (200, {}, b"content"),
            "/log1/packed": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"content")),
            "/log1/torn": (200, {"Content-Encoding": "gzip"}, b"content"),
            "/log1/longest": (200, {}, bytes(LONGEST_FILE)),
            "/log1/long": (200, {}, bytes(LONGEST_FILE + 1)),
            "/log1/swollen": (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(LONGEST_FILE + 1))),
            "/log1/moved": (302, {"Location": "/log1/tile"}, b""),
            "/log1/broken": (500, {}, b""),
            "/log1/short": (200, {"Content-Length": "9"}, b"content"),
        }
        status, headers, content = answer.get(self.path, (404, {}, b"nothing here"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/log1"
        server.shutdown()


class TestUrlSource:
    @pytest.mark.parametrize("end", ["", "/"])
    def test_reads_what_is_served(self, url, end):
        source = UrlSource(url + end)

        assert source.read("tile") == source.read("packed") == b"content"
        assert source.read("nothing") is None
        assert len(source.read("longest") or b"") == LONGEST_FILE

    @pytest.mark.parametrize(
        ("path", "why"),
        [
            pytest.param("moved", "302", id="a redirect"),
            pytest.param("broken", "500", id="a server that fails"),
            pytest.param("long", "longer than any", id="more than any file of a log"),
            pytest.param("swollen", "longer than any", id="more than any file of a log, once unpacked"),
            pytest.param("torn", "torn", id="what does not unpack"),
            pytest.param("short", "short", id="an answer that breaks off"),
        ],
    )
    def test_takes_no_other_answer(self, url, path, why):
        with pytest.raises(LogUnreachable, match=why):
            UrlSource(url).read(path)

    def test_has_only_so_much_patience(self, url, monkeypatch):
        monkeypatch.setattr(sources, "_PATIENCE_S", -1)

        with pytest.raises(LogUnreachable, match="not received"):
            UrlSource(url).read("tile")

    def test_nobody_there_is_not_a_missing_file(self):
        with ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
            port = server.server_port

        with pytest.raises(LogUnreachable, match="checkpoint"):
            UrlSource(f"http://127.0.0.1:{port}").read("checkpoint")

    def test_no_proxy_of_the_surroundings_comes_between(self, url, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

        assert UrlSource(url).read("tile") == b"content"


class TestOpenSource:
    def test_takes_a_folder_a_file_url_and_a_url(self, tmp_path, url):
        (tmp_path / "a log").mkdir()
        (tmp_path / "a log" / "tile").write_bytes(b"content")

        for where in (str(tmp_path / "a log"), f"{(tmp_path / 'a log').as_uri()}/", url):
            assert open_source(where).read("tile") == b"content"

    @pytest.mark.parametrize(
        "where", ["ftp://example.org/log", "http:///log", "http://example.org/log?x=1", "https://example.org/log#x"]
    )
    def test_takes_no_other_url(self, where):
        with pytest.raises(ValueError, match="not the http or https URL"):
            open_source(where)

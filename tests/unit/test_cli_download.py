"""Reading a source: files and addresses, within bounds."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.cli.download import read_source
from app.errors import Refused

BODY = b"[" + b" " * 100_000 + b"]"


class Answers(BaseHTTPRequestHandler):
    """One path for each way a server can answer."""

    def do_GET(self) -> None:
        match self.path:
            case "/plain":
                self.answer(200, BODY, {"Content-Length": str(len(BODY))})
            case "/unannounced":
                self.answer(200, BODY, {})
            case "/packed":
                packed = gzip.compress(BODY)
                self.answer(200, packed, {"Content-Encoding": "gzip", "Content-Length": str(len(packed))})
            case "/file.gz":
                self.answer(200, gzip.compress(BODY), {"Content-Type": "application/gzip"})
            case "/moved":
                self.answer(302, b"", {"Location": "/plain", "Content-Length": "0"})
            case "/loop":
                self.answer(302, b"", {"Location": "/loop", "Content-Length": "0"})
            case "/cut":
                self.answer(200, BODY[:100], {"Content-Length": "100000"})
            case _:
                self.answer(404, b"no", {"Content-Length": "2"})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def read(source: str, limit: int = 10_000_000) -> tuple[bytes, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    return read_source(source, lambda done, total: told.append((done, total)), limit), told


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_bytes(BODY)
    assert read(str(tmp_path / "export.json")) == (BODY, [(len(BODY), len(BODY))])


def test_a_file_that_is_absent_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read: No such file"):
        read(str(tmp_path / "absent"))
    with pytest.raises(Refused, match="cannot be read: Is a directory"):
        read(str(tmp_path))


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"12345")
    with pytest.raises(Refused, match="is larger than 4 bytes"):
        read(str(tmp_path / "big"), limit=4)


@pytest.mark.parametrize("path", ["/plain", "/unannounced", "/packed", "/moved"])
def test_an_address_is_fetched(server: str, path: str) -> None:
    raw, told = read(server + path)
    assert raw == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert all(done < total for done, total in told[:-1])


def test_a_packed_file_stays_packed(server: str) -> None:
    raw, _ = read(server + "/file.gz")
    assert gzip.decompress(raw) == BODY


@pytest.mark.parametrize(
    ("path", "message"),
    [("/absent", "answered 404"), ("/loop", "cannot be fetched"), ("/cut", "cannot be fetched")],
)
def test_an_address_that_does_not_give_a_whole_file_is_refused(server: str, path: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        read(server + path)


@pytest.mark.parametrize("path", ["/plain", "/unannounced", "/packed"])
def test_an_answer_over_the_limit_is_refused(server: str, path: str) -> None:
    with pytest.raises(Refused, match="is larger than 1000 bytes"):
        read(server + path, limit=1000)


def test_an_address_where_nobody_answers_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be fetched"):
        read("http://127.0.0.1:9/export.json")
    with pytest.raises(Refused, match="cannot be fetched"):
        read("http://[bad/")

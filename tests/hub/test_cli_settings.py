"""Which hub `k1` talks to and with which token, judged by what arrives there; and how it says what went wrong."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.hub.cli_support import k1


class Spy(HTTPServer):
    """A hub that keeps what it was asked, and answers as it is told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked = []
        self.status, self.answer, self.location = 200, {"value": 7}, ""
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization")))
        body = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def spy():
    with Spy() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def file(tmp_path, spy):
    file = tmp_path / "cli.toml"
    file.write_text(f'url = "{spy.url}"\ntoken = "from-file"\n')
    return str(file)


def test_option_before_environment_before_file(spy, file):
    assert k1("master", K1_CONFIG=file).returncode == 0
    assert k1("master", K1_CONFIG=file, K1_TOKEN="from-environment").returncode == 0
    assert k1("master", "--token", "from-option", K1_CONFIG=file, K1_TOKEN="from-environment").returncode == 0
    assert k1("master", "--url", spy.url).returncode == 0
    assert k1("master", K1_HUB=spy.url, K1_CONFIG="").returncode == 0
    tokens = ("Bearer from-file", "Bearer from-environment", "Bearer from-option", None, None)
    assert spy.asked == [("GET", "/api/global/brightness", token) for token in tokens]


def test_options_are_taken_before_and_after_an_order(spy):
    spy.answer = {"items": []}
    for words in (("scenes", "--json", "--token", "a", "list"), ("scenes", "list", "--json", "--token", "a")):
        result = k1(*words, K1_HUB=spy.url)
        assert (result.returncode, json.loads(result.stdout)) == (0, {"items": []})
    assert spy.asked == [("GET", "/api/scenes", "Bearer a")] * 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('url = "http://x"\ncolour = "red"\n', "colour: is unknown; known: url, token"),
        ("url = 7\n", "url: must be"),
        ('token = "two words"\n', "token: must be"),
        ("url = \n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_said(tmp_path, text, said):
    file = tmp_path / "cli.toml"
    file.write_text(text)
    result = k1("nodes", K1_CONFIG=str(file))
    assert (result.returncode, said in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize(("status", "code"), [(400, 2), (401, 1), (404, 1), (409, 1), (503, 1)])
def test_refusals_are_the_hubs_own_words_and_have_an_exit_code(spy, status, code):
    spy.status, spy.answer = status, {"status": status, "detail": "because", "field": "value"}
    result = k1("master", "5", "--token", "secret", "--url", spy.url)
    assert (result.returncode, result.stdout, result.stderr) == (code, "", "k1: value: because\n")


def test_a_token_is_taken_nowhere_else(spy):
    with Spy() as elsewhere:
        spy.status, spy.location = 302, elsewhere.url
        result = k1("master", "--token", "secret", "--url", spy.url)
        assert (result.returncode, elsewhere.asked) == (1, [])
        assert "status 302" in result.stderr

"""Tokens as they are kept, and as `k1` and the first start hand them out."""

import json
import stat

import pytest

from lightwave_hub.access import here
from lightwave_hub.access.errors import AccessFileError, TokenError
from lightwave_hub.access.guard import Guard
from lightwave_hub.access.tokens import FILE_NAME, MAX_TOKENS, Tokens
from tests.hub.cli_support import HubProcess, k1


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path)


def test_a_token_is_found_by_itself_and_by_nothing_else(tokens, tmp_path):
    token, secret = tokens.add("desk", "play")
    tokens.add("other", "admin")
    assert tokens.find(secret) == token == tokens.get(token.id)
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), token.sha256, token.id, "ä"):
        assert tokens.find(wrong) is None
    assert Tokens(tmp_path).find(secret) == token


def test_the_file_holds_no_token_and_is_its_owners(tokens, tmp_path):
    token, secret = tokens.add("desk", "play")
    file = tmp_path / FILE_NAME
    assert secret not in file.read_text() and secret.removeprefix("k1_") not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret not in repr(token) + str(token.told()) + repr(tokens)
    assert [each.name for each in tmp_path.iterdir()] == [FILE_NAME], "nothing half written stays"


def test_what_another_process_adds_or_revokes_counts_at_once(tokens, tmp_path):
    tokens.add("first", "admin")
    other = Tokens(tmp_path)
    token, secret = other.add("second", "view")
    assert tokens.find(secret) == token
    tokens.revoke(token.id)
    assert other.find(secret) is None


def test_the_last_admin_stays(tokens):
    admin, _ = tokens.add("a", "admin")
    view, _ = tokens.add("v", "view")
    with pytest.raises(TokenError, match="last one") as caught:
        tokens.revoke(admin.id)
    assert caught.value.status == 409
    with pytest.raises(TokenError, match="no such token"):
        tokens.revoke("00000000")
    tokens.add("b", "admin")
    tokens.revoke(admin.id)
    tokens.revoke(view.id)
    assert [each.name for each in tokens.all()] == ["b"]


def test_there_is_a_most(tokens):
    for number in range(MAX_TOKENS):
        tokens.add(f"number {number}", "view")
    with pytest.raises(TokenError, match=f"{MAX_TOKENS} tokens already"):
        tokens.add("one more", "view")


@pytest.mark.parametrize(
    ("name", "role", "field"), [("", "view", "name"), ("x" * 49, "view", "name"), ("x", "king", "role")]
)
def test_a_bad_wish_is_named(tokens, name, role, field):
    with pytest.raises(TokenError) as caught:
        tokens.add(name, role)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_text("{"),
        lambda file: file.write_text("[]"),
        lambda file: file.write_text(json.dumps({**json.loads(file.read_text()), "tokens": [{"id": 1}]})),
        lambda file: file.write_text(json.dumps({**json.loads(file.read_text()), "more": 1})),
        lambda file: file.write_text(" " * (65 << 10)),
        lambda file: file.chmod(0o644),
    ],
    ids=["cut off", "no object", "a bad token", "an unknown key", "too large", "readable by others"],
)
def test_a_file_that_cannot_be_trusted_lets_nobody_in(tokens, tmp_path, spoil):
    _, secret = tokens.add("desk", "admin")
    spoil(tmp_path / FILE_NAME)
    for reader in (tokens, Tokens(tmp_path)):
        with pytest.raises(AccessFileError) as caught:
            reader.find(secret)
        assert FILE_NAME in str(caught.value)
    with pytest.raises(AccessFileError):
        Guard(Tokens(tmp_path), True, ()).open()


def test_the_first_link_is_made_once(tmp_path):
    first, again, off = (Guard(Tokens(tmp_path), enabled, ()) for enabled in (True, True, False))
    first.open()
    again.open()
    off.open()
    assert first.tokens.find(first.first_secret).role == "admin"
    assert (again.first_secret, off.first_secret) == ("", "")


@pytest.mark.parametrize(
    ("host", "url", "opens"),
    [
        ("0.0.0.0", "http://localhost:8080", True),
        ("0.0.0.0", "127.0.0.1:8080", True),
        ("0.0.0.0", "http://localhost", False),
        ("0.0.0.0", "http://192.168.4.1:8080", False),
        ("192.168.4.1", "http://192.168.4.1:8080/", True),
        ("192.168.4.1", "http://localhost:8080", False),
        ("0.0.0.0", "http://localhost.elsewhere.example:8080", False),
        ("0.0.0.0", "http://[", False),
    ],
)
def test_the_local_token_is_for_this_machines_hub_only(tmp_path, host, url, opens):
    here.tell(tmp_path, host, 8080, "k1_local")
    assert here.token_for(url, tmp_path) == ("k1_local" if opens else "")
    here.withdraw(tmp_path)
    assert here.token_for(url, tmp_path) == ""


# ---- as a user meets it


@pytest.fixture
def hub():
    hub = HubProcess("--time-port", "0", "--udp-port", "49998", access=True)
    yield hub
    if hub.process.poll() is None:
        hub.stop()


def test_from_the_first_link_to_a_revoked_token(hub):
    secret = hub.link.partition("#token=")[2]
    assert len(secret) > 30
    refused = k1("master", "9", "--url", hub.url)
    assert (refused.returncode, "needs a token" in refused.stderr) == (1, True)
    assert k1("master", "9", "--url", hub.link).returncode == 0, "the link is the address and the token"
    assert k1("master", "--url", hub.url, K1_TOKEN=secret).stdout == "master 9\n"
    assert k1("master", "--url", hub.url, K1_STORE=hub.store).returncode == 0, "on the hub's machine none is needed"

    made = k1("token", "add", "Light desk", "--role", "play", "--url", hub.link)
    link = made.stdout.split()[-1]
    assert link.startswith(f"{hub.url}/#token=k1_")
    assert k1("master", "8", K1_HUB=link).returncode == 0
    forbidden = k1("token", K1_HUB=link)
    assert (forbidden.returncode, "needs the role admin; yours is play" in forbidden.stderr) == (1, True)

    listed = k1("token", "--url", hub.link).stdout.splitlines()
    assert [line.split()[0] for line in listed[:1]] == ["ID"]
    assert "first start" in listed[1] and "Light desk" in listed[2]
    token_id = listed[2].split()[0]
    assert k1("token", "revoke", token_id, "--url", hub.link).stdout == f"revoked {token_id}\n"
    assert k1("master", K1_HUB=link).returncode == 1

    code, errors = hub.stop()
    assert code == 0
    assert secret not in errors and "k1_" not in errors
    assert k1("master", "--url", hub.url, K1_STORE=hub.store).returncode == 1


def test_who_lost_every_token_makes_one_in_the_hubs_folder(hub):
    made = json.loads(k1("token", "new", "--store", hub.store, "--json").stdout)
    assert made["role"] == "admin"
    assert k1("token", "--url", hub.url, "--token", made["token"]).returncode == 0


def test_a_join_key_is_new_each_time():
    first, second = (k1("token", "join-key").stdout.strip() for _ in range(2))
    assert first != second and len(first) == 32

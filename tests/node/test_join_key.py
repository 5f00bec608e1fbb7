"""The node's side of the join key: it proves that it knows the key, and obeys no hub that does not."""

import pytest
from test_control import Hub, Party, wait_until

from lightwave import join, messages

KEY = "a-join-key-of-this-test"
NONCE = "00112233445566778899aabbccddeeff"


class ProvingHub(Hub):
    """Challenges with the proof of its own `key`; keeps the node's."""

    key = KEY
    changed_nonce = None  # in place of the one that the proof was made with

    def _hear(self, text):
        message = messages.parse(text, messages.NODE)
        if message["t"] == "hello" and self.first_answer is None:
            self.exchange = (message["mac"], message["nonce"], NONCE)
            proof = join.hub_proof(self.key, *self.exchange)
            self.say(messages.build("challenge", nonce=self.changed_nonce or NONCE, proof=proof))
            with self.news:
                self.said.append(message)
                self.news.notify_all()
            return
        if message["t"] == "proof":
            self.say(self.welcome())
        super()._hear(text)


@pytest.fixture
def party(monkeypatch):
    monkeypatch.setattr("test_control.Hub", ProvingHub)
    monkeypatch.setattr("test_control.Config.join_key", KEY)
    party = Party()
    yield party
    party.stop()


def refused(party, capsys, words):
    """Start; wait until the node has printed these words, and see that it has shown nothing of its own."""
    printed = []

    def said():
        printed.append(capsys.readouterr().out)
        return words in "".join(printed)

    party.start()
    wait_until(said)
    assert [message["t"] for message in party.hub.said] == ["hello"]
    assert KEY not in "".join(printed)


def test_it_proves_the_key_and_is_in_session(party, capsys):
    party.start()
    proof = party.hub.wait_for("proof")
    assert proof["proof"] == join.node_proof(KEY, *party.hub.exchange)
    party.hub.wait_for("ka")
    assert KEY not in capsys.readouterr().out


def test_a_hub_with_another_key_gets_nothing(party, capsys):
    party.hub.key = KEY + "!"
    refused(party, capsys, "the hub has another join_key than ours")


def test_a_proof_for_another_challenge_is_none(party, capsys):
    party.hub.changed_nonce = NONCE[::-1]
    refused(party, capsys, "the hub has another join_key than ours")


def test_a_hub_that_welcomes_without_a_proof_gets_nothing(party, capsys):
    party.hub.first_answer = party.hub.welcome()
    refused(party, capsys, "the hub has not proved that it knows our join_key")


def test_a_hub_without_a_key_is_told_by_its_own_words(party, capsys):
    party.hub.first_answer = messages.build(
        "reject", code=messages.JOIN_KEY_UNKNOWN, field="nonce", detail="this hub has none"
    )
    refused(party, capsys, "the hub refused us: join_key_unknown nonce this hub has none")


def test_each_hello_has_a_new_nonce(party):
    party.start()
    first = party.hub.wait_for("hello")["nonce"]
    party.hub.wait_for("proof")
    party.hub.said.clear()
    party.hub.peer.hang_up()
    party.hub.serve()
    assert party.hub.wait_for("hello")["nonce"] != first

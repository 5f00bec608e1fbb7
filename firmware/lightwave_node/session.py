"""One session with the hub: hello, welcome, catalog; then time pings and keepalives until the connection ends."""

from lightwave import join, messages, ticks
from lightwave.compat import const
from lightwave.constants import KEEPALIVE_PERIOD_MS, PROTO_VER
from lightwave.messages import MessageError
from lightwave.timesync import LOCKED

_WELCOME_TIMEOUT_MS = const(2000)
_LOOK_ROUND_MS = const(50)  # how soon a change of state is noticed, and told the hub
# Neither a message, nor a packet of the stream, nor a pong for so long: the air was dead, and the hub has given us up.
# TCP would find out as well, but after dead air of half a minute only in another half.
_SILENCE_US = const(6000000)
# As messages.build would make it (tests/node/test_session.py), but written at once: the time between reading the
# clock and sending counts as travel.
_PING = '{"nodeId":%d,"token":"%s","seq":%d,"t1_us":%d,"t":"ts_ping"}'


class Refused(Exception):
    """The hub refused us, or said nothing that could be understood."""


class Session:
    """Speaks on an open WebSocket. `identity` holds the fields of hello, `catalog` those of catalog.

    With a `join_key`, only a hub that proves to know it is obeyed."""

    def __init__(self, socket, clock, timesync, pings, stream, telemetry, station, updates, black_box, preview,
                 join_key=""):  # fmt: skip
        self._socket = socket
        self._clock = clock
        self._timesync = timesync
        self._pings = pings
        self._stream = stream
        self._telemetry = telemetry
        self._station = station
        self._updates = updates
        self._black_box = black_box
        self._join_key = join_key
        self._preview = preview
        self._takes_records = False
        self._node_id = 0
        self._token = ""
        self._keepalive_at = self._heard_at = clock.now()
        self._packets = stream.accepted  # when the hub was last heard of
        self._told = None  # what the last keepalive said of the node's state and its clock's
        self._handlers = {
            "ts_pong": self._on_pong,
            "ota_update": self._on_update,
            "records_ack": self._on_records_ack,
            "preview": self._on_preview,
            "reject": self._on_reject,
            "welcome": self._on_out_of_turn,
            "challenge": self._on_out_of_turn,
        }

    def open(self, identity, catalog):
        """hello, welcome, catalog. Raises Refused, and WebSocketError or OSError when the connection ends."""
        if self._join_key:
            self._prove(identity)
        else:
            self._socket.send(messages.build("hello", proto=PROTO_VER, **identity))
        welcome = self._await("welcome")
        self._node_id = welcome["nodeId"]
        self._token = welcome["token"]
        self._timesync.start(self._clock.now(), welcome["epoch"])
        self._pings.begin(self._station.address(), welcome.get("tsUdpPort", 0), self._node_id, self._token)
        self._stream.begin_session(self._token)
        self._stream.listen(self._station.address(), welcome["udpPort"])
        self._send("catalog", **catalog)
        self._updates.begin_session()
        self._takes_records = welcome.get("records", False)
        self._black_box.begin_session()
        self._preview.begin_session(self._node_id)
        print("[CTRL] welcome node %d" % self._node_id)

    def step(self):
        """Hear and say what there is, waiting a short time at most."""
        text = self._socket.receive(self._wait_ms())
        if text is not None:
            self._hear(text)
        now = self._clock.now()
        self._timesync.tick(now)
        self._listen_for_life(now, text is not None)
        if self._timesync.next_ping_in(now) <= 0:
            self._ping()
        self._telemetry.update()
        told = (self._telemetry.state(), self._timesync.state)
        if told != self._told or ticks.diff(now, self._keepalive_at) >= 0:
            self._told = told
            self._keepalive_at = ticks.add(now, KEEPALIVE_PERIOD_MS * 1000)
            self._send("ka", **self._telemetry.keepalive(self._station.rssi()))
        self._updates.step(self._send)
        if self._takes_records:
            self._black_box.step(self._send)
        if not self._updates.busy:  # a download needs the connection more
            self._preview.step(self._socket.offer)

    def _listen_for_life(self, now, heard):
        """Raises Refused when the hub has been silent for too long."""
        packets = self._stream.accepted
        if heard or packets != self._packets or self._timesync.state == LOCKED:
            self._packets = packets
            self._heard_at = now
        elif ticks.diff(now, self._heard_at) >= _SILENCE_US:
            raise Refused("the hub has been silent for %d s" % (_SILENCE_US // 1000000))

    def _prove(self, identity):
        """hello, and the proofs: the hub's first, for whoever takes its place shall get nothing of ours."""
        mac, nonce = identity["mac"], join.new_nonce()
        self._socket.send(messages.build("hello", proto=PROTO_VER, nonce=nonce, **identity))
        challenge = self._await("challenge")
        if not join.same(challenge["proof"], join.hub_proof(self._join_key, mac, nonce, challenge["nonce"])):
            raise Refused("the hub has another join_key than ours: we do not join it")
        proof = join.node_proof(self._join_key, mac, nonce, challenge["nonce"])
        self._socket.send(messages.build("proof", proof=proof))

    def _await(self, t):
        """The hub's next step, the message of type `t`. Raises Refused."""
        deadline = ticks.add(self._clock.now(), _WELCOME_TIMEOUT_MS * 1000)
        while ticks.before(self._clock.now(), deadline):
            text = self._socket.receive(_LOOK_ROUND_MS)
            self._telemetry.update()
            if text is None:
                continue
            try:
                message = messages.parse(text, messages.HUB)
            except MessageError as error:
                raise Refused("the hub's %s is bad: %s" % (t, error)) from None
            if message["t"] == t:
                return message
            if message["t"] == "reject":
                raise Refused("the hub refused us: %s %s %s" % (message["code"], message["field"], message["detail"]))
            if message["t"] == "welcome":
                raise Refused("the hub has not proved that it knows our join_key: we do not join it")
        raise Refused("no %s within %d ms" % (t, _WELCOME_TIMEOUT_MS))

    def _wait_ms(self):
        if self._updates.busy:
            return 0
        now = self._clock.now()
        wait_us = min(self._timesync.next_ping_in(now), ticks.diff(self._keepalive_at, now))
        wait_us = self._preview.wait_us(now, wait_us)
        return max(0, min(_LOOK_ROUND_MS, (wait_us + 999) // 1000))

    def _hear(self, text):
        try:
            message = messages.parse(text, messages.HUB)
        except MessageError as error:
            self._telemetry.bad_messages += 1
            print("[CTRL] bad message from the hub: %s" % error)
            return
        self._handlers[message["t"]](message)

    def _send(self, t, **fields):
        self._socket.send(messages.build(t, nodeId=self._node_id, token=self._token, **fields))

    def _ping(self):
        if self._pings.ask():
            return
        now = self._clock.now()
        seq = self._timesync.ping(now)
        self._socket.send(_PING % (self._node_id, self._token, seq, now))

    def _on_pong(self, message):
        at = self._socket.received_at
        if message["nodeId"] == self._node_id and self._timesync.pong(
            message["seq"], message["t1_us"], message["t2_us"], at
        ):
            self._timesync.anchor(at)

    def _on_update(self, message):
        if self._is_for_us(message):
            self._updates.order(message)

    def _is_for_us(self, message):
        """An order has this session's number and token."""
        if message["nodeId"] == self._node_id and message["token"] == self._token:
            return True
        self._telemetry.bad_messages += 1
        return False

    def _on_records_ack(self, message):
        if message["nodeId"] == self._node_id:
            self._black_box.acknowledge(message["stream"], message["boot"], message["seq"])

    def _on_preview(self, message):
        if self._is_for_us(message):
            self._preview.order(message["fps"])

    def _on_reject(self, message):
        self._telemetry.bad_messages += 1
        print("[CTRL] the hub rejects: %s %s %s" % (message["code"], message["field"], message["detail"]))

    def _on_out_of_turn(self, message):
        self._telemetry.bad_messages += 1

"""For test_messages.py: valid messages, and for every field what it must refuse and what it must let pass."""

TOKEN = "0123456789abcdef"
U32 = 0xFFFFFFFF

VALID = {  # one whole example of every message, optional fields included
    "hello": {
        "proto": 1,
        "mac": "AA:BB:CC:DD:EE:0F",
        "fw": "k1-v2.0.1",
        "caps": {"udp": True, "ota": True, "clock": True, "tsUdp": False},
        "topo": {"leds": 320, "channels": 2},
    },
    "welcome": {
        "proto": 1,
        "nodeId": 3,
        "token": TOKEN,
        "udpPort": 49152,
        "hubEpoch_us": 1234567890123,
        "epoch": 4000000000,
        "tsUdpPort": 49154,
    },
    "catalog": {"nodeId": 3, "token": TOKEN, "effects": ["solid", "pulse"], "palettes": ["ember"]},
    "ka": {
        "nodeId": 3,
        "token": TOKEN,
        "rssi": -52,
        "loss_pct": 0.5,
        "drift_us": 1100,
        "uptime_s": 834,
        "state": "ready",
        "locked": True,
        "ticks": 83400,
        "clock": "locked",
        "clock_reason": "",
        "clock_bound_us": 85,
        "render_fps": [119.5, 120],
        "heap_free": 180000,
        "stats": {"late": 0, "rtt_us": 2500, "offset_us": -7},
    },
    "ts_ping": {"nodeId": 3, "token": TOKEN, "seq": 17, "t1_us": 123456789},
    "ts_pong": {"nodeId": 3, "seq": 17, "t1_us": 123456789, "t2_us": 987654321987},
    "ota_update": {
        "nodeId": 3,
        "token": TOKEN,
        "version": "2.8.0",
        "url": "http://192.168.4.1/ota/k1/s3/2.8.0.bin",
        "sha256": "0123456789abcdef" * 4,
    },
    "ota_status": {"nodeId": 3, "token": TOKEN, "state": "downloading", "pct": 37, "detail": ""},
    "reject": {"code": "bad_field", "field": "topo.leds", "detail": "must be an integer 1..4096, not 0"},
}
NOT_INTEGERS = (None, True, False, 1.0, 1.5, "1", [], [1], {})
NOT_TEXT = (None, True, 1, 1.5, [], ["a"], {})
NOT_BOOLEANS = (None, 0, 1, 1.0, "true", [], {})
NOT_NUMBERS = (None, True, False, "1", [], {})
TOKENS_REFUSED = NOT_TEXT + ("", "x" * 15, "x" * 65, "has spaces in it!", "x" * 15 + "\x7f", "x" * 15 + "é")
NODE_IDS_REFUSED = NOT_INTEGERS + (0, -1, 65536)
NAMES_REFUSED = NOT_TEXT[:5] + ({}, [], ["x"] * 65, [""], ["x" * 25], [1], [None], ["a\nb"])
U32_REFUSED = NOT_INTEGERS + (-1, U32 + 1, 1 << 200)
TICKS_REFUSED = NOT_INTEGERS + (-1, 1 << 30)
U63_REFUSED = NOT_INTEGERS + (-1, 1 << 63)

REFUSED = {  # every field, and what it must not be
    "hello.proto": NOT_INTEGERS + (-1, 256),
    "hello.mac": NOT_TEXT
    + ("", "AA:BB:CC:DD:EE", "aa:bb:cc:dd:ee:0f", "AA-BB-CC-DD-EE-0F", "AA:BB:CC:DD:EE:0G", "AABBCCDDEE0FAABBC"),
    "hello.fw": NOT_TEXT + ("", "x" * 33, "line\nbreak"),
    "hello.caps": (None, True, 1, "udp", [], {}),
    "hello.caps.udp": NOT_BOOLEANS,
    "hello.caps.ota": NOT_BOOLEANS,
    "hello.caps.clock": NOT_BOOLEANS,
    "hello.caps.tsUdp": NOT_BOOLEANS,
    "hello.topo": (None, 320, [320, 2], {}),
    "hello.topo.leds": NOT_INTEGERS + (0, -1, 4097),
    "hello.topo.channels": NOT_INTEGERS + (0, 3),
    "welcome.proto": NOT_INTEGERS + (-1, 256),
    "welcome.nodeId": NODE_IDS_REFUSED,
    "welcome.token": TOKENS_REFUSED,
    "welcome.udpPort": NOT_INTEGERS + (0, 65536),
    "welcome.hubEpoch_us": U63_REFUSED,
    "welcome.epoch": U32_REFUSED,
    "welcome.tsUdpPort": NOT_INTEGERS + (0, 65536),
    "catalog.nodeId": NODE_IDS_REFUSED,
    "catalog.token": TOKENS_REFUSED,
    "catalog.effects": NAMES_REFUSED,
    "catalog.palettes": NAMES_REFUSED,
    "ka.nodeId": NODE_IDS_REFUSED,
    "ka.token": TOKENS_REFUSED,
    "ka.rssi": NOT_INTEGERS + (1, -128),
    "ka.loss_pct": NOT_NUMBERS + (-1, -0.5, 100.5, 101, float("inf"), float("nan")),
    "ka.drift_us": TICKS_REFUSED,
    "ka.uptime_s": U32_REFUSED,
    "ka.state": NOT_TEXT + ("", "READY", "lost"),
    "ka.locked": NOT_BOOLEANS,
    "ka.ticks": U32_REFUSED,
    "ka.clock": NOT_TEXT + ("", "LOCKED", "lost"),
    "ka.clock_reason": NOT_TEXT + ("r" * 65, "two\nlines"),
    "ka.clock_bound_us": TICKS_REFUSED,
    "ka.render_fps": (None, 120, [], [1, 2, 3], ["120"], [True], [-1], [1001], [float("nan")], {}),
    "ka.heap_free": U32_REFUSED,
    "ka.stats": (None, 1, [], {"a": "1"}, {"a": True}, {"a": None}, {"": 1}, {"x" * 33: 1}, {"a": 1 << 60})
    + ({"k%d" % i: i for i in range(65)}, {"a": float("-inf")}),
    "ts_ping.nodeId": NODE_IDS_REFUSED,
    "ts_ping.token": TOKENS_REFUSED,
    "ts_ping.seq": U32_REFUSED,
    "ts_ping.t1_us": TICKS_REFUSED,
    "ts_pong.nodeId": NODE_IDS_REFUSED,
    "ts_pong.seq": U32_REFUSED,
    "ts_pong.t1_us": TICKS_REFUSED,
    "ts_pong.t2_us": U63_REFUSED,
    "ota_update.nodeId": NODE_IDS_REFUSED,
    "ota_update.token": TOKENS_REFUSED,
    "ota_update.version": NOT_TEXT + ("", "x" * 33),
    "ota_update.url": NOT_TEXT + ("http://", "http://h/" + "x" * 250, "http://h/a b", "http://h/\r\nX: y"),
    "ota_update.sha256": NOT_TEXT + ("", "0" * 63, "0" * 65, "g" * 64, "A" * 64),
    "ota_status.nodeId": NODE_IDS_REFUSED,
    "ota_status.token": TOKENS_REFUSED,
    "ota_status.state": NOT_TEXT + ("", "burning"),
    "ota_status.pct": NOT_INTEGERS + (-1, 101),
    "ota_status.detail": NOT_TEXT + ("x" * 129, "\x00"),
    "reject.code": NOT_TEXT + ("", "teapot"),
    "reject.field": NOT_TEXT + ("x" * 33,),
    "reject.detail": NOT_TEXT + ("x" * 201,),
}
OPTIONAL = ("hello.caps.tsUdp", "welcome.tsUdpPort", "ka.clock", "ka.clock_reason", "ka.clock_bound_us")
OPTIONAL += ("ka.render_fps", "ka.heap_free", "ka.stats", "ota_status.detail")
EDGES = {  # the outermost values that pass
    "hello.fw": ("x", "x" * 32, "ü"),
    "hello.topo.leds": (1, 4096),
    "hello.topo.channels": (1, 2),
    "welcome.nodeId": (1, 65535),
    "welcome.token": ("!" * 16, "~" * 64),
    "welcome.hubEpoch_us": (0, (1 << 63) - 1),
    "welcome.epoch": (0, U32),
    "catalog.effects": (["x" * 24] * 64,),
    "ka.rssi": (-127, 0),
    "ka.loss_pct": (0, 100, 0.25),
    "ka.drift_us": (0, (1 << 30) - 1),
    "ka.render_fps": ([0], [1000, 0.5]),
    "ka.stats": ({}, {"k%d" % i: -i for i in range(64)}, {"big": 1 << 53}),
    "ka.clock": ("acquiring", "locked", "holdover", "unlocked"),
    "ka.clock_reason": ("", "r" * 64),
    "ka.state": ("syncing", "ready", "fallback", "updating"),
    "ts_ping.seq": (0, U32),
    "ota_update.url": ("http://h", "h" * 256),
    "ota_status.state": ("idle", "checking", "downloading", "verifying", "writing", "rebooting", "done", "failed"),
    "ota_status.pct": (0, 100),
    "ota_status.detail": ("", "d" * 128),
    "reject.code": ("bad_json", "too_large", "bad_type", "bad_field", "bad_proto", "bad_token", "already_hello")
    + ("hub_full",),
    "reject.detail": ("", "d" * 200, 'quotes " and \\ and ☃'),
}

"""The frozen numbers of the wire (shared/PROTOCOL.md). Both interpreters; imports nothing."""

PROTO_VER = 1
HUB_IP = "192.168.4.1"
WS_PATH = "/ws"
UDP_PORT = 49152
CTRL_HTTP_PORT = 80

KEEPALIVE_PERIOD_MS = 1000
KEEPALIVE_TIMEOUT_MS = 3500

TS_PING_PERIOD_MS = 200
TS_LOCK_SAMPLES_N = 10
TS_UDP_PORT = 49154  # of time pings by UDP

UDP_TICK_HZ = 100
APPLY_AHEAD_US = 30000  # the hub schedules this far ahead

DRIFT_DEGRADED_US = 3000
UDP_SILENCE_DEGRADED_MS = 200
UDP_SILENCE_FAIL_MS = 500

OTA_NODE_TIMEOUT_S = 180
OTA_MAX_CONCURRENT = 1  # rolling updates only

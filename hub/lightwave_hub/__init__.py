"""The hub: conducts the nodes over a WebSocket each and a 100 Hz UDP stream. CPython only."""

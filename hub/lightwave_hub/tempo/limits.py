"""How far one nudge goes."""

MAX_NUDGE_MS = 1000
MAX_NUDGE_PCT = 20

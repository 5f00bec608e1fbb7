"""`k1 panic`: dark at once, and nothing starts by itself until it is released."""

from lightwave_hub.cli import switch

EXAMPLES = """examples:
  k1 panic            blackout; cue lists and the schedule stop
  k1 panic off        release it
"""
configure = switch.configure_panic
run = switch.run_panic

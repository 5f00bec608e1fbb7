"""`k1 blackout`: nothing shines, and everything goes on."""

from lightwave_hub.cli import switch

EXAMPLES = """examples:
  k1 blackout                       is it dark?
  k1 blackout on
  k1 blackout off --quantise bar    light again with the next bar
"""
configure = switch.configure_blackout
run = switch.run_blackout

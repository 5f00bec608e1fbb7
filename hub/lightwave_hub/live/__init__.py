"""What open pages are told: the state of the hub as events, each made once for all of them."""

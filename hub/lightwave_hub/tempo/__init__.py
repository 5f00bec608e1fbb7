"""Where the tempo comes from: hands, an Ableton Link session, MIDI clock, a node's ears, OSC messages."""

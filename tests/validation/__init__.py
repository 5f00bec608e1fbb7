"""The dual-channel validation, on a board or on a SIM node."""

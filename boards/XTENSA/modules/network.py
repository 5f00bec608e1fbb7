"""Only so that firmware/lightwave_hw can be imported: there is no WiFi here."""

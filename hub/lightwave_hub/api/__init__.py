"""The hub over HTTP: /health, /metrics and /api. Every answer is JSON; every refusal is a problem document."""

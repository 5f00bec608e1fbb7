"""Coverage-guided fuzzing of everything that strangers' bytes reach (`make fuzz`; a short run in `make test`)."""

"""What the nodes' black boxes told, kept in SQLite."""

"""Who may use the hub: tokens and their roles, sessions of the page, and where a request comes from."""

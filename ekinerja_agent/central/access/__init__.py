"""Who may act and who did: accounts, logins of the web, the audit chain."""

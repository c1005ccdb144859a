"""What the program asks and tells of its host: the clock's state, systemd, memory, log lines."""

"""From a terminal to central: read, listen, take uploads, forward."""

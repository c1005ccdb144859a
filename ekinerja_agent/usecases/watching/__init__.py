"""Whether all is well: measured for pages and messages, and looked at by `doctor`."""

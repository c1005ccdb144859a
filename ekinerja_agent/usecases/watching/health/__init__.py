"""How this agent and its terminals are: measured facts, and the one judgement that `/health`, metrics and news share.

`facts` are nouns, `journal` keeps what the service itself saw, `measure` asks spool, central and host. `conditions`
judges facts, `metrics` writes them for Prometheus, `news` finds what is worth telling and `words` says it, all pure.
`outbox` delivers, and forgets nothing over a restart. A new condition: a function and its line in `conditions.JUDGES`,
its sentence in `words`, a row in docs/monitoring.md.
"""

"""Proof that the first law holds, and how fast: `soak` tries to lose punches, `bench` measures ratios.

Is not part of the product: `scripts/soak`, `scripts/bench` and the tests use it. Knows the product from outside.
"""

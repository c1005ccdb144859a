"""From percent to rupiah."""

"""Why a day has to wait, as a message in a column: a template, and the columns of its values.

Promises that a column of reasons is text that can be sorted, compared and joined like any other on its way, and that at
its end every reason is there in English and whole. Does not know any reason.
"""

from __future__ import annotations

import json

import polars as pl

from ekinerja_agent.nouns.messages import unpack


def because(template: str, **columns: str | pl.Expr) -> pl.Expr:
    """Given a template and the column of each of its values, return the messages as `messages.pack` keeps them."""
    if not columns:
        return pl.lit(json.dumps([template, {}]))
    values = pl.struct(
        (pl.col(one) if isinstance(one, str) else one).cast(pl.String).alias(name) for name, one in columns.items()
    )
    return pl.format("[{}, {}]", pl.lit(json.dumps(template)), values.struct.json_encode())


def in_words(frame: pl.DataFrame) -> pl.DataFrame:
    """Given a frame whose `reason` holds messages or null, return it with `message` for them, `reason` in English."""
    kept = frame["reason"].drop_nulls().unique().to_list()
    english = pl.col("reason").replace_strict(kept, [str(unpack(text)) for text in kept], return_dtype=pl.String)
    return frame.with_columns(message="reason", reason=english if kept else "reason")

-- A row that is there already is ignored by the guard of its key, whichever trigger speaks first.
CREATE TRIGGER {name} BEFORE INSERT ON {table}
WHEN {where}
    AND ({condition})
    AND NOT EXISTS (SELECT 1 FROM {table} WHERE {same_key})
BEGIN SELECT RAISE(ABORT, '{table} refuses insert: {why}'); END;

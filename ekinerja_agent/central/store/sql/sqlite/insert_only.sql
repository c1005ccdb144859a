CREATE TRIGGER {table}_keep_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} refuses update: {instead}'); END;

CREATE TRIGGER {table}_keep_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} refuses delete: {instead}'); END;

-- INSERT OR REPLACE would delete without asking a trigger.
CREATE TRIGGER {table}_keep_key BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same_key})
BEGIN SELECT RAISE(IGNORE); END;

CREATE TRIGGER {table}_keep_update BEFORE UPDATE ON {table}
WHEN OLD.revision > 0 OR NEW.revision > 0
BEGIN SELECT RAISE(ABORT, '{table} refuses update: a published result stays; {instead}'); END;

CREATE TRIGGER {table}_keep_delete BEFORE DELETE ON {table}
WHEN OLD.revision > 0
BEGIN SELECT RAISE(ABORT, '{table} refuses delete: a published result stays; {instead}'); END;

CREATE TRIGGER {table}_keep_insert BEFORE INSERT ON {table}
WHEN NEW.revision > 0 AND EXISTS (SELECT 1 FROM {table} WHERE {same_key})
BEGIN SELECT RAISE(ABORT, '{table} refuses insert: a published result stays; {instead}'); END;

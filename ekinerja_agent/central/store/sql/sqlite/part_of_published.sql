CREATE TRIGGER {table}_sealed BEFORE INSERT ON {table}
WHEN NEW.revision > 0
    AND EXISTS (SELECT 1 FROM results WHERE period = NEW.period AND nip = NEW.nip AND revision = NEW.revision)
BEGIN SELECT RAISE(ABORT, '{table} refuses insert: the result is published; {instead}'); END;

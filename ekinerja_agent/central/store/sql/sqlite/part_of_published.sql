CREATE TRIGGER {table}_sealed BEFORE INSERT ON {table}
WHEN NEW.revision > 0 AND NOT EXISTS (
    SELECT 1 FROM results r JOIN period_events e
        ON e.period = COALESCE(r.adjusted_in, r.period) AND e.unit = r.closed_with
        AND (r.adjusted_in IS NOT NULL OR e.revision = r.revision)
    WHERE r.period = NEW.period AND r.nip = NEW.nip AND r.revision = NEW.revision
        AND e.audit_rows = (SELECT rows FROM audit_end))
BEGIN SELECT RAISE(ABORT, '{table} refuses insert: the result is published, or not there; {instead}'); END;

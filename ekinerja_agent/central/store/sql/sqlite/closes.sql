-- By it a close knows which rows belong to it: those before the next row of the audit log.
CREATE TRIGGER {table}_audit_rows BEFORE INSERT ON {table}
WHEN NEW.audit_rows IS NOT (SELECT rows FROM audit_end) AND NOT EXISTS (SELECT 1 FROM {table} WHERE {same_key})
BEGIN SELECT RAISE(ABORT, '{table} refuses insert: audit_rows is how many rows the audit log has'); END;

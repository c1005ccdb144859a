-- The newest row of the log tells of the change, and of no other one: a row names it once.
CREATE TRIGGER {table}_audited BEFORE UPDATE ON {table}
WHEN NOT ({same_key}) OR OLD.audited_by IS NEW.audited_by
    OR NOT EXISTS (SELECT 1 FROM audit a JOIN audit_end e ON e.digest = a.digest WHERE a.digest = NEW.audited_by
        AND a.action LIKE '{action}' AND (a.action <> 'account.password' OR '{action}' = 'account.password')
        AND a.subject = {subject})
BEGIN SELECT RAISE(ABORT, '{table} refuses update: what gives power has its row in the audit log'); END;

CREATE TRIGGER {table}_keep_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} refuses delete: it stays; {instead}'); END;

-- INSERT OR REPLACE would delete without asking a trigger.
CREATE TRIGGER {table}_keep_key BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} o WHERE {same_as_new})
BEGIN SELECT RAISE(IGNORE); END;

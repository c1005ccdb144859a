CREATE TRIGGER {table}_given BEFORE INSERT ON {table}
WHEN NOT EXISTS (SELECT 1 FROM audit a JOIN audit_end e ON e.digest = a.digest WHERE a.digest = NEW.audited_by
        AND a.action LIKE '{action}' AND (a.action <> 'account.password' OR '{action}' = 'account.password')
        AND a.subject = {subject})
BEGIN SELECT RAISE(ABORT, '{table} refuses insert: what gives power has its row in the audit log'); END;

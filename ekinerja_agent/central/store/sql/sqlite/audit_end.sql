-- The database counts the audit log itself.
CREATE TRIGGER audit_counted AFTER INSERT ON audit
BEGIN UPDATE audit_end SET rows = rows + 1, digest = NEW.digest; END;

-- A log that was tampered with still takes rows: work goes on, and `audit verify` tells.
CREATE TRIGGER audit_end_keep_update BEFORE UPDATE ON audit_end
WHEN NEW.id <> OLD.id OR NEW.rows <> OLD.rows + 1 OR NEW.digest = OLD.digest
    OR NOT EXISTS (SELECT 1 FROM audit WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'audit_end refuses update: the database counts the audit log itself'); END;

CREATE TRIGGER audit_end_keep_delete BEFORE DELETE ON audit_end
BEGIN SELECT RAISE(ABORT, 'audit_end refuses delete: the database counts the audit log itself'); END;

CREATE TRIGGER audit_end_keep_insert BEFORE INSERT ON audit_end
BEGIN SELECT RAISE(ABORT, 'audit_end refuses insert: the database counts the audit log itself'); END;

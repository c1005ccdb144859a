CREATE OR REPLACE TRIGGER audit_counted AFTER INSERT ON audit
FOR EACH ROW EXECUTE FUNCTION ekinerja_audit_counted();

CREATE OR REPLACE TRIGGER audit_end_steps BEFORE UPDATE ON audit_end
FOR EACH ROW EXECUTE FUNCTION ekinerja_audit_end_steps();

CREATE OR REPLACE TRIGGER audit_end_keep BEFORE INSERT OR DELETE OR TRUNCATE ON audit_end
FOR EACH STATEMENT EXECUTE FUNCTION ekinerja_refuse('the database counts the audit log itself');

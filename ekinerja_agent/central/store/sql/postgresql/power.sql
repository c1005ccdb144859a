-- Whoever changes the row need not be allowed to read the log.
CREATE OR REPLACE FUNCTION {table}_audited() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit a WHERE a.digest = NEW.audited_by AND a.xmin = pg_current_xact_id()::xid
            AND a.action LIKE '{action}' AND (a.action <> 'account.password' OR '{action}' = 'account.password')
            AND a.subject = {subject})
        OR (TG_OP = 'UPDATE' AND ({same_key} IS NOT TRUE OR OLD.audited_by IS NOT DISTINCT FROM NEW.audited_by)) THEN
        RAISE EXCEPTION '% refuses %: what gives power has its row in the audit log', TG_TABLE_NAME, lower(TG_OP)
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION {table}_audited() FROM PUBLIC;

CREATE OR REPLACE TRIGGER {table}_audited BEFORE {changes} ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_audited();

CREATE OR REPLACE TRIGGER {table}_keep BEFORE DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION ekinerja_refuse('it stays; {instead}');

CREATE OR REPLACE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION ekinerja_refuse('it stays; {instead}');

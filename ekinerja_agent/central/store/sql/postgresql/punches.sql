-- The months get the first one from the table; the second one each has of its own (ekinerja_punch_month).
CREATE OR REPLACE TRIGGER punches_keep BEFORE UPDATE OR DELETE ON punches
FOR EACH ROW EXECUTE FUNCTION ekinerja_refuse_punches();

CREATE OR REPLACE TRIGGER punches_keep_all BEFORE TRUNCATE ON punches
FOR EACH STATEMENT EXECUTE FUNCTION ekinerja_refuse_punches();

CREATE OR REPLACE TRIGGER punches_default_keep_all BEFORE TRUNCATE ON punches_default
FOR EACH STATEMENT EXECUTE FUNCTION ekinerja_refuse_punches();

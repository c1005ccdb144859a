CREATE OR REPLACE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW WHEN (OLD.revision > 0)
EXECUTE FUNCTION ekinerja_refuse('a published result stays; {instead}');

CREATE OR REPLACE TRIGGER {table}_draft BEFORE UPDATE ON {table}
FOR EACH ROW WHEN (OLD.revision = 0 AND NEW.revision > 0)
EXECUTE FUNCTION ekinerja_refuse('a published result stays; {instead}');

CREATE OR REPLACE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION ekinerja_refuse('a published result stays; {instead}');

-- After the insert: with a trigger before each row COPY would insert the rows one by one.
CREATE OR REPLACE TRIGGER {table}_sealed AFTER INSERT ON {table}
FOR EACH ROW WHEN (NEW.revision > 0) EXECUTE FUNCTION ekinerja_refuse_sealed();

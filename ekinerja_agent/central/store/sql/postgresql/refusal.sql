CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF {condition} THEN
        RAISE EXCEPTION '% refuses insert: {why}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER {name} {moment} INSERT ON {table}
FOR EACH ROW WHEN ({where}) EXECUTE FUNCTION {name}();

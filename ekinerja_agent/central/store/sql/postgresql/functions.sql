CREATE OR REPLACE FUNCTION ekinerja_refuse() RETURNS trigger LANGUAGE plpgsql
SET search_path = {schema}, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% refuses %: %', TG_TABLE_NAME, lower(TG_OP), TG_ARGV[0]
        USING ERRCODE = 'restrict_violation';
END $$;

-- Named as people know the table, whichever month refuses.
CREATE OR REPLACE FUNCTION ekinerja_refuse_punches() RETURNS trigger LANGUAGE plpgsql
SET search_path = {schema}, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'punches refuses %: {instead_of_punches}', lower(TG_OP) USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE FUNCTION ekinerja_refuse_sealed() RETURNS trigger LANGUAGE plpgsql
SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM results r WHERE r.period = NEW.period AND r.nip = NEW.nip
               AND r.revision = NEW.revision AND r.xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION '% refuses insert: the result is published, or not there; {instead_of_published}', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- The database counts the audit log itself, so that nobody who adds a row needs a right on its end.
CREATE OR REPLACE FUNCTION ekinerja_audit_counted() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    UPDATE audit_end SET rows = rows + 1, digest = NEW.digest;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION ekinerja_audit_counted() FROM PUBLIC;

-- A log that was tampered with still takes rows: work goes on, and `audit verify` tells.
CREATE OR REPLACE FUNCTION ekinerja_audit_end_steps() RETURNS trigger LANGUAGE plpgsql
SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.rows <> OLD.rows + 1 OR NEW.digest = OLD.digest
        OR NOT EXISTS (SELECT 1 FROM audit WHERE digest = NEW.digest) THEN
        RAISE EXCEPTION 'audit_end refuses update: the database counts the audit log itself' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- A month of punches that has no table yet gets one. Its owner makes it, whoever adds punches: a collector may not.
CREATE OR REPLACE FUNCTION ekinerja_punch_month(wanted date) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    first date := date_trunc('month', wanted);
    next date := first + interval '1 month';
    part text := 'punches_' || to_char(first, 'YYYY_MM');
BEGIN
    IF first NOT BETWEEN now() - interval '10 years' AND now() + interval '1 year' OR to_regclass(part) IS NOT NULL
    THEN
        RETURN false;
    END IF;
    LOCK TABLE punches_default IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass(part) IS NOT NULL
            OR EXISTS (SELECT 1 FROM punches_default p WHERE p.clock >= first AND p.clock < next) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE punches INCLUDING ALL)', part);
    EXECUTE format(
        'CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION ekinerja_refuse_punches()',
        part || '_keep_all', part);
    -- Attached, not made as a part: who reads or writes other months goes on.
    EXECUTE format('ALTER TABLE punches ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, first, next);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;  -- the punches go to punches_default and nothing is lost
END $$;
REVOKE ALL ON FUNCTION ekinerja_punch_month(date) FROM PUBLIC;

-- What retention takes. It looks itself whether it may: the last 24 months stay, and what a month that is not paid needs.
-- A clock that was reset puts a punch of today before the day: what came later stays, so does what has another time.
CREATE OR REPLACE FUNCTION ekinerja_purge_punches(cut date, expected bigint) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    goes constant text := $goes$p.clock < $1 AND p.received_at < $1::timestamp AT TIME ZONE 'UTC'
        AND (NOT p.corrected OR p.at < $1::timestamp AT TIME ZONE 'UTC')
        AND NOT EXISTS (SELECT 1 FROM redated_punches r
            WHERE r.punch_id = p.punch_id AND r.at >= $1::timestamp AT TIME ZONE 'UTC')$goes$;
    part regclass;
    going bigint;
    held bigint;
    gone bigint := 0;
BEGIN
    IF cut <> date_trunc('month', cut) OR cut > date_trunc('month', now()) - interval '24 months' THEN
        RAISE EXCEPTION 'punches refuses delete: whole months go, and the last 24 stay'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM results r WHERE r.period <= to_char(cut, 'YYYY-MM') AND NOT EXISTS (
            SELECT 1 FROM period_payments p
            WHERE p.period = COALESCE(r.adjusted_in, r.period) AND p.unit = COALESCE(r.closed_with, r.unit))) THEN
        RAISE EXCEPTION 'punches refuses delete: a month up to % is not paid in every office', cut
            USING ERRCODE = 'restrict_violation';
    END IF;
    LOCK TABLE punches IN SHARE ROW EXCLUSIVE MODE;
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'punches'::regclass LOOP
        EXECUTE format('SELECT count(*) FILTER (WHERE %s), count(*) FROM %s p', goes, part) INTO going, held USING cut;
        IF going = 0 THEN
            CONTINUE;
        ELSIF going = held AND part <> 'punches_default'::regclass THEN
            EXECUTE format('DROP TABLE %s', part);
        ELSE
            EXECUTE format('ALTER TABLE %s DISABLE TRIGGER punches_keep', part);
            EXECUTE format('DELETE FROM %s p WHERE %s', part, goes) USING cut;
            EXECUTE format('ALTER TABLE %s ENABLE TRIGGER punches_keep', part);
        END IF;
        gone := gone + going;
    END LOOP;
    IF gone <> expected THEN
        RAISE EXCEPTION 'other punches than those that were listed would go (% instead of %)', gone, expected
            USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION ekinerja_purge_punches(date, bigint) FROM PUBLIC;

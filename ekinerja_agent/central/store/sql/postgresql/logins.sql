-- The login of this session, if what it says of terminals is held to those it owns. Who scores or owns the tables is not.
CREATE OR REPLACE FUNCTION ekinerja_held_login() RETURNS text LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT session_user::text WHERE NOT EXISTS (
        SELECT 1 FROM pg_roles r WHERE pg_has_role(session_user, r.oid, 'MEMBER') AND (r.rolname = 'ekinerja_score'
            OR r.oid = (SELECT c.relowner FROM pg_class c WHERE c.oid = 'terminal_logins'::regclass)))
$$;
REVOKE ALL ON FUNCTION ekinerja_held_login() FROM PUBLIC;

-- May this login say which terminals serve the unit? The one that all share may, until a login of the unit has delivered.
CREATE OR REPLACE FUNCTION ekinerja_tells_of(wanted text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF ekinerja_held_login() = 'ekinerja_collect' THEN
        RETURN NOT EXISTS (SELECT 1 FROM login_units u JOIN terminal_logins l ON l.login = u.login WHERE u.unit = wanted);
    END IF;
    RETURN ekinerja_held_login() IS NULL
        OR EXISTS (SELECT 1 FROM login_units u WHERE u.unit = wanted AND u.login = ekinerja_held_login());
END $$;
REVOKE ALL ON FUNCTION ekinerja_tells_of(text) FROM PUBLIC;

-- Which of the terminals are not this login's. One that nobody has is this login's from now on, unless it serves a unit
-- of others; one of the shared login goes to the login of its unit.
CREATE OR REPLACE FUNCTION ekinerja_terminals_of_others(wanted text[]) RETURNS text[] LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    me constant text := ekinerja_held_login();
    one text;
    owner text;
    taken integer;
    unit text;
    others text[] := array[]::text[];
BEGIN
    IF me IS NULL THEN
        RETURN others;
    END IF;
    FOR one IN SELECT DISTINCT w FROM unnest(wanted) w ORDER BY w LOOP
        SELECT l.login, l.turn INTO owner, taken FROM terminal_logins l WHERE l.terminal = one ORDER BY l.turn DESC LIMIT 1;
        CONTINUE WHEN owner = me;
        SELECT f.office INTO unit FROM terminal_facts f WHERE f.terminal = one ORDER BY f.since DESC LIMIT 1;
        IF (owner IS NULL AND (unit IS NULL OR ekinerja_tells_of(unit)))
                OR (owner = 'ekinerja_collect' AND unit IS NOT NULL AND ekinerja_tells_of(unit)) THEN
            INSERT INTO terminal_logins (terminal, turn, login, since)
                VALUES (one, coalesce(taken, 0) + 1, me, clock_timestamp()) ON CONFLICT DO NOTHING;
            SELECT l.login INTO owner FROM terminal_logins l WHERE l.terminal = one ORDER BY l.turn DESC LIMIT 1;
        END IF;
        IF owner IS DISTINCT FROM me THEN
            others := others || one;
        END IF;
    END LOOP;
    RETURN others;
END $$;
REVOKE ALL ON FUNCTION ekinerja_terminals_of_others(text[]) FROM PUBLIC;

-- Once a statement. A remark of the program on what it set apart is no record, and of any terminal. An instant that no
-- program can read, or a time zone that is none, would keep everybody's months from being read: the columns are named.
CREATE OR REPLACE FUNCTION ekinerja_of_its_login() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    brought text[];
    others text[];
    readable text := 'true';
    odd boolean;
BEGIN
    IF ekinerja_held_login() IS NULL THEN
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'quarantine' THEN
        SELECT array_agg(DISTINCT a.terminal) INTO brought FROM arriving a WHERE a.position <> -1 OR a.batch <> 0;
    ELSIF TG_TABLE_NAME = 'set_apart' THEN -- the number of a remark names nobody and no event
        SELECT array_agg(DISTINCT a.terminal) INTO brought FROM arriving a WHERE a.punch_id <> '' OR a.code IS NOT NULL;
    ELSE
        SELECT array_agg(DISTINCT a.terminal) INTO brought FROM arriving a;
    END IF;
    others := ekinerja_terminals_of_others(brought);
    IF cardinality(others) > 0 THEN
        RAISE EXCEPTION '% refuses %: % is not a terminal of the login %; an operator gives it to that with: terminal accept ID --login LOGIN',
            TG_TABLE_NAME, lower(TG_OP), others[1], session_user USING ERRCODE = 'restrict_violation';
    END IF;
    FOR n IN 0 .. TG_NARGS - 1 LOOP
        readable := readable || format(' AND coalesce(a.%I BETWEEN ''0001-01-02'' AND ''9999-12-30'', true)', TG_ARGV[n]);
    END LOOP;
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM arriving a WHERE NOT (' || readable || '))' INTO odd;
    IF TG_TABLE_NAME = 'terminal_facts' THEN
        odd := odd OR EXISTS (SELECT 1 FROM arriving a WHERE a.since > clock_timestamp() + interval '1 day'
            OR a.timezone ~ '^(posix|right|localtime)'
            OR NOT EXISTS (SELECT 1 FROM pg_timezone_names z WHERE z.name = a.timezone));
    ELSIF TG_TABLE_NAME = 'coverage' THEN
        odd := odd OR EXISTS (SELECT 1 FROM arriving a WHERE a."end" > clock_timestamp() + interval '1 day');
    END IF;
    IF odd THEN
        RAISE EXCEPTION '% refuses %: nobody has read a terminal tomorrow, nor at an instant or in a time zone that there is not; set the clock of the host that says it',
            TG_TABLE_NAME, lower(TG_OP) USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_TABLE_NAME = 'terminal_facts' THEN
        SELECT array_agg(DISTINCT a.office) INTO brought FROM arriving a WHERE NOT ekinerja_tells_of(a.office);
        IF cardinality(brought) > 0 THEN
            RAISE EXCEPTION '% refuses %: % is not a unit of the login %; an administrator gives it with: db roles --office LOGIN=UNIT',
                TG_TABLE_NAME, lower(TG_OP), brought[1], session_user USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION ekinerja_of_its_login() FROM PUBLIC;

-- What a person gives has its row in the audit log; without one only the login itself begins, through the function above.
CREATE OR REPLACE FUNCTION terminal_logins_audited() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF (NEW.audited_by IS NOT NULL OR ekinerja_held_login() IS DISTINCT FROM NEW.login)
        AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.digest = NEW.audited_by AND a.xmin = pg_current_xact_id()::xid
            AND a.action = 'terminal.take_over' AND a.subject = NEW.terminal) THEN
        RAISE EXCEPTION '% refuses %: what gives power has its row in the audit log', TG_TABLE_NAME, lower(TG_OP)
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION terminal_logins_audited() FROM PUBLIC;

CREATE OR REPLACE TRIGGER terminal_logins_audited BEFORE INSERT ON terminal_logins
FOR EACH ROW EXECUTE FUNCTION terminal_logins_audited();

CREATE OR REPLACE TRIGGER terminal_status_of_its_login_changed AFTER UPDATE ON terminal_status
REFERENCING NEW TABLE AS arriving FOR EACH STATEMENT EXECUTE FUNCTION ekinerja_of_its_login('last_contact');

-- A mark that went, or went back, would keep a day from being scored anew.
CREATE OR REPLACE TRIGGER stale_days_grow BEFORE UPDATE ON stale_days
FOR EACH ROW WHEN (NEW.marks <= OLD.marks)
EXECUTE FUNCTION ekinerja_refuse('a mark only grows');

-- one person alone lets no pending day count; another one signs too
-- where: NEW.accepted_pending IS NOT NULL
EXISTS (SELECT 1 FROM accounts a WHERE a.id <> NEW.account_id AND a.os_user IS NOT NULL
    AND (a.roles LIKE '%operator%' OR a.roles LIKE '%payroll%'))
AND NOT EXISTS (SELECT 1 FROM pending_signatures s WHERE s.period = NEW.period AND s.unit = NEW.unit
    AND s.account_id <> NEW.account_id AND s.after_revision = COALESCE((SELECT max(e.revision) FROM period_events e
        WHERE e.period = NEW.period AND e.unit = NEW.unit AND e.revision < NEW.revision), 0))

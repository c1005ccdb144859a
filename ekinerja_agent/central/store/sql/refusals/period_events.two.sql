-- one person alone lets no pending day count; another one signs too
-- where: NEW.accepted_pending IS NOT NULL
{another_may(CLOSE_MONTH)}
AND NOT EXISTS (SELECT 1 FROM pending_signatures s WHERE s.period = NEW.period AND s.unit = NEW.unit
    AND s.account_id <> NEW.account_id AND s.after_revision = COALESCE((SELECT max(e.revision) FROM period_events e
        WHERE e.period = NEW.period AND e.unit = NEW.unit AND e.revision < NEW.revision), 0))

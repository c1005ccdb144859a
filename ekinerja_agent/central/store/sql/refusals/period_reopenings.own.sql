-- nobody reopens what they closed; another person does
EXISTS (SELECT 1 FROM period_events e WHERE e.period = NEW.period AND e.unit = NEW.unit
    AND e.revision = NEW.revision AND e.account_id = NEW.account_id)

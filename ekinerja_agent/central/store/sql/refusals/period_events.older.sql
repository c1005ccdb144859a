-- a newer revision of the office is published
EXISTS (SELECT 1 FROM period_events e WHERE e.period = NEW.period AND e.unit = NEW.unit AND e.revision >= NEW.revision)

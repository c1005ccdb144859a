-- the office was not closed in this revision
NOT EXISTS (SELECT 1 FROM period_events e WHERE e.period = NEW.period AND e.unit = NEW.unit
    AND e.revision = NEW.revision AND NOT EXISTS (SELECT 1 FROM period_events l
        WHERE l.period = e.period AND l.unit = e.unit AND l.revision > e.revision))

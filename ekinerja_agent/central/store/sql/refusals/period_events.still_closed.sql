-- the office is closed; another person reopens it first
EXISTS (SELECT 1 FROM period_events e WHERE e.period = NEW.period AND e.unit = NEW.unit
    AND NOT EXISTS (SELECT 1 FROM period_reopenings o
        WHERE o.period = e.period AND o.unit = e.unit AND o.revision = e.revision))

-- the office is reopened; close the office again with: period close
EXISTS (SELECT 1 FROM period_reopenings o WHERE o.period = NEW.period AND o.unit = NEW.unit
    AND o.revision = NEW.revision)

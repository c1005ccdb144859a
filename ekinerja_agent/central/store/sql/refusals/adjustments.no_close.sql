-- a difference is paid with the close of an office and by nothing else: period close
NOT EXISTS (SELECT 1 FROM period_events e WHERE e.period = NEW.period AND e.unit = NEW.unit
    AND {of_this_transaction(e)})

-- a result is published with the close of its office and by nothing else: period close
-- where: NEW.revision > 0
NOT EXISTS (SELECT 1 FROM period_events e WHERE e.period = COALESCE(NEW.adjusted_in, NEW.period)
    AND e.unit = NEW.closed_with AND (NEW.adjusted_in IS NOT NULL OR e.revision = NEW.revision)
    AND {of_this_transaction(e)})

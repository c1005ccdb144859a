-- what was paid stays paid; a later change becomes an adjustment of an open period
EXISTS (SELECT 1 FROM period_payments p WHERE p.period = NEW.period AND p.unit = NEW.unit)

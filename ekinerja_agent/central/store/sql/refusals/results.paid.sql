-- what was paid stays paid; a later change becomes an adjustment of an open period
-- where: NEW.revision > 0 AND NEW.adjusted_in IS NULL
EXISTS (SELECT 1 FROM results r JOIN period_payments p
        ON p.period = r.period AND p.unit = COALESCE(r.closed_with, r.unit) AND p.revision = r.revision
    WHERE r.period = NEW.period AND r.nip = NEW.nip AND r.revision BETWEEN 1 AND NEW.revision - 1
    AND r.adjusted_in IS NULL)

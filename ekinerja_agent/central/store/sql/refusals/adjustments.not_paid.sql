-- only what was paid is adjusted, from the newest revision on
NOT EXISTS (SELECT 1 FROM results r JOIN period_payments p
        ON p.period = r.period AND p.unit = COALESCE(r.closed_with, r.unit) AND p.revision = r.revision
    WHERE r.period = NEW.for_period AND r.nip = NEW.nip AND r.adjusted_in IS NULL)
OR NEW.from_revision <> (SELECT max(r.revision) FROM results r WHERE r.period = NEW.for_period AND r.nip = NEW.nip)

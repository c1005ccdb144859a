-- an adjusted result comes after its adjustment, and pays what that says
-- where: NEW.adjusted_in IS NOT NULL
NOT EXISTS (SELECT 1 FROM adjustments a
    JOIN results f ON f.period = a.for_period AND f.nip = a.nip AND f.revision = a.from_revision
    WHERE a.for_period = NEW.period AND a.nip = NEW.nip AND a.from_revision = NEW.revision - 1
    AND a.period = NEW.adjusted_in AND a.unit = NEW.closed_with AND a.difference_rp = NEW.payable_rp - f.payable_rp)

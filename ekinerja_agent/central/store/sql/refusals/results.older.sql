-- a newer revision of the person is published
-- where: NEW.revision > 0
EXISTS (SELECT 1 FROM results r WHERE r.period = NEW.period AND r.nip = NEW.nip AND r.revision > NEW.revision)

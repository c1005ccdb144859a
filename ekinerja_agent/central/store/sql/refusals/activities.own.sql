-- nobody approves their own activity; the superior of that day decides
-- where: NEW.status = 'approved'
NEW.decided_by = NEW.nip

-- nobody approves their own activity; the superior of that day decides
-- where: NEW.status = 'approved'
EXISTS (SELECT 1 FROM activities a JOIN accounts c ON c.nip = a.nip
    WHERE a.id = NEW.activity AND c.id = NEW.account_id)

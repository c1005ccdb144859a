-- nobody approves what they entered, nor their own absence
-- where: NEW.status = 'approved'
EXISTS (SELECT 1 FROM absences f JOIN import_batches b ON b.id = f.batch JOIN accounts a ON a.id = NEW.account_id
    WHERE f.id = NEW.absence AND (b.account_id = a.id OR a.nip = f.nip))

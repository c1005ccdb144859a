-- nobody approves what they entered, nor a correction of their own scans
-- where: NEW.approved
EXISTS (SELECT 1 FROM corrections c JOIN import_batches b ON b.id = c.batch JOIN accounts a ON a.id = NEW.account_id
    WHERE c.id = NEW.correction AND (b.account_id = a.id OR a.nip = c.nip))

-- nobody approves what they imported
-- where: NEW.approved
EXISTS (SELECT 1 FROM import_batches b WHERE b.id = NEW.batch AND b.account_id = NEW.account_id)

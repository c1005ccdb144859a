-- nobody approves what they entered
-- where: NEW.status = 'approved'
EXISTS (SELECT 1 FROM outages f JOIN import_batches b ON b.id = f.batch
    WHERE f.id = NEW.outage AND b.account_id = NEW.account_id)

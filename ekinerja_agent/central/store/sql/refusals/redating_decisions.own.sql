-- nobody approves what they entered, nor a correction of their own scans
-- where: NEW.approved
EXISTS (SELECT 1 FROM redatings r WHERE r.id = NEW.redating AND r.account_id = NEW.account_id)

-- nobody approves a record that they brought, nor one of their own
-- where: NEW.approved
EXISTS (SELECT 1 FROM doubtful_punches p WHERE p.id = NEW.doubt AND p.account_id = NEW.account_id)

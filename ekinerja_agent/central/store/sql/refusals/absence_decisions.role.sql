-- only an operator, a head or hr decides on an absence
-- where: NEW.account_id IS NOT NULL
NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = NEW.account_id AND a.disabled_at IS NULL
    AND (a.roles LIKE '%operator%' OR a.roles LIKE '%head%' OR a.roles LIKE '%hr%'))

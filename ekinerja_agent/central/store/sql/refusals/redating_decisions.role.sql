-- only an operator or a head decides on a redating
NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = NEW.account_id AND a.disabled_at IS NULL
    AND (a.roles LIKE '%operator%' OR a.roles LIKE '%head%'))

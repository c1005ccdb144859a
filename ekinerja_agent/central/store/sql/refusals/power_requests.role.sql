-- only an operator asks for a change of power
NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = NEW.account_id AND a.disabled_at IS NULL
    AND a.roles LIKE '%operator%')

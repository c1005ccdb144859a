-- an operator or somebody of payroll decides on what moves money
NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = NEW.account_id AND a.disabled_at IS NULL
    AND (a.roles LIKE '%operator%' OR a.roles LIKE '%payroll%'))

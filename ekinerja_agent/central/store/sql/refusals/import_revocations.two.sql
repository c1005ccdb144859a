-- one person alone takes no batch back; another one asks too
EXISTS (SELECT 1 FROM accounts a WHERE a.id <> NEW.account_id AND a.os_user IS NOT NULL
    AND (a.roles LIKE '%operator%' OR a.roles LIKE '%payroll%'))
AND NOT EXISTS (SELECT 1 FROM revocation_requests q WHERE q.batch = NEW.batch AND q.account_id <> NEW.account_id)

-- a record that no person brought is decided by two; another one says the same first
EXISTS (SELECT 1 FROM doubtful_punches p WHERE p.id = NEW.doubt AND p.account_id IS NULL)
AND {another_may(DECIDE_DOUBT)}
AND NOT EXISTS (SELECT 1 FROM doubt_requests q WHERE q.doubt = NEW.doubt AND q.account_id <> NEW.account_id AND q.approved = NEW.approved)

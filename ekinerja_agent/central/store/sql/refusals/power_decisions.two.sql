-- nobody confirms what they asked for or what is about themselves; another operator does
-- where: NEW.confirmed
EXISTS (SELECT 1 FROM power_requests q JOIN accounts a ON a.id = NEW.account_id JOIN accounts r ON r.id = q.account_id
    WHERE q.id = NEW.request AND (q.account = a.name
        OR (q.account_id <> a.id AND (q.asked_as = a.os_user OR r.nip = a.nip))
        OR (q.account_id = a.id AND (q.alone_from IS NULL OR q.alone_from > NEW.decided_at))))

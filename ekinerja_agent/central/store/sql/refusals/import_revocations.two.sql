-- one person alone takes no batch back; another one asks too
{another_may(REVOKE_IMPORT)}
AND NOT EXISTS (SELECT 1 FROM revocation_requests q WHERE q.batch = NEW.batch AND q.account_id <> NEW.account_id)

-- nobody decides on what they entered or on themselves
EXISTS (SELECT 1 FROM objections o JOIN accounts a ON a.id = NEW.account_id
    WHERE o.id = NEW.objection AND (o.account_id = a.id OR o.nip = a.nip))

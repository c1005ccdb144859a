-- who signed has signed for the days that were shown then
NOT EXISTS (SELECT 1 FROM pending_signatures s WHERE s.id = NEW.signature AND {of_this_transaction(s)})
